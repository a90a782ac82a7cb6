"""What Ansible's events say about machines and seats."""

from __future__ import annotations

from typing import Any

import pytest

from graders.classroom.seats.fleet_report import (
    FleetReport,
    MachineReport,
    SeatReport,
)
from graders.classroom.seats.seat_plan import Seat

ESCAPE = "\x1b[2J"
SEATS = (Seat("ada", "m1"), Seat("bob", "m1"), Seat("cy", "m2"))


def _report() -> tuple[FleetReport, list[str]]:
    report = FleetReport(["m1", "m2"], SEATS)
    ended: list[str] = []

    def note(one: MachineReport | SeatReport) -> None:
        name = one.student if isinstance(one, SeatReport) else one.name
        ended.append(f"{name} {one.state}")

    report.on_end(note)
    return report, ended


def _item(student: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of JSON
    return {
        "host": "m1",
        "res": {"item": {"student": student, "last": True}, "rc": 0} | more,
    }


def test_a_seat_that_fails_costs_no_other() -> None:
    """One student's lab cannot be created, and the neighbour's can."""
    report, ended = _report()

    report.handle(
        "runner_item_on_failed", _item("ada", rc=3, stderr="x\nno room\n")
    )
    report.handle("runner_item_on_ok", _item("bob", stdout="ready"))
    report.handle("runner_on_failed", {"host": "m1", "ignore_errors": True})
    report.finish()

    assert ended == ["ada failed", "bob done", "m1 done", "m2 done"]
    assert report.seats["m1", "ada"].problem == "x | no room"
    assert report.seats["m1", "bob"].output == "ready"


@pytest.mark.parametrize("in_loop", [True, False])
def test_a_lost_machine_loses_its_seats_only(*, in_loop: bool) -> None:
    """What is done stays done; all else on the machine is lost."""
    report, _ = _report()

    report.handle("runner_item_on_ok", _item("ada"))
    gone = {"unreachable": True, "msg": "no route"}
    if in_loop:
        report.handle("runner_item_on_failed", _item("bob", **gone))
    report.handle("runner_on_unreachable", {"host": "m1", "res": gone})
    report.finish()

    states = {name: seat.state for (_, name), seat in report.seats.items()}
    assert states == {"ada": "done", "bob": "lost", "cy": "waiting"}
    assert report.machines["m1"].problem == "no route"
    assert report.machines["m2"].state == "done"


def test_a_failed_step_fails_the_machine() -> None:
    """The first reason is kept, whatever comes after it."""
    report, _ = _report()
    data = {"host": "m2", "role": "seats", "task": "Make", "res": {"msg": "a"}}

    report.handle("runner_on_failed", data)
    report.handle("runner_on_failed", data | {"res": {"msg": "b"}})

    assert report.machines["m2"].problem == "seats: Make: a"
    assert report.seats["m2", "cy"].state == "failed"


@pytest.mark.parametrize(
    "result",
    [
        {"stderr": f"bad{ESCAPE}"},
        {"stdout": [ESCAPE]},
        {"msg": {"a": ESCAPE}},
        {"module_stderr": f"{ESCAPE}\n" * 50_000},
        {"msg": "x" * 1_000_000},
        {"item": [ESCAPE], "rc": ESCAPE},
        {"item": {"student": {"x": 1}}},
        "text",
        None,
    ],
)
def test_what_machines_write_is_words(result: object) -> None:
    """Whatever a machine answers, the screen shows a line."""
    report, _ = _report()

    for kind in ("runner_item_on_failed", "runner_on_ok", "runner_on_failed"):
        report.handle(kind, {"host": "m1", "task": ESCAPE, "res": result})

    assert report.machines["m1"].problem.isprintable()
    assert len(report.machines["m1"].problem) < 600


def test_an_interrupted_run_leaves_nothing_done() -> None:
    """What had not ended has failed, and can be done again."""
    report, _ = _report()
    report.handle("runner_item_on_ok", _item("ada"))

    report.stop("it was interrupted")

    assert report.seats["m1", "ada"].state == "done"
    assert report.seats["m2", "cy"].problem == "it was interrupted"
