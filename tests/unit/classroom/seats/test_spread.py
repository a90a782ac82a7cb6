"""A regrade on machines: each once, and a machine costs its own rows only."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from graders.classroom.prepare import Prepared
from graders.classroom.regraded import SUFFIX, load
from graders.classroom.regrading import Settings
from graders.classroom.seats import spread as module
from graders.classroom.seats.fleet_report import FleetReport
from graders.classroom.seats.kit_archive import KitArchive
from graders.classroom.seats.machines import Machine
from graders.classroom.seats.regrade_there import Work
from graders.classroom.seats.sharing import key_of
from graders.classroom.seats.spread import Room, Spread
from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from tests.regraded_rows import refused, row

if TYPE_CHECKING:
    from collections.abc import Callable

    from graders.classroom.regraded import Regraded
    from graders.classroom.seats.fleet import Job
    from graders.classroom.seats.fleet_report import Ended

FACTS = {
    "ansible_processor_nproc": 2,
    "ansible_memtotal_mb": 8000,
    "ansible_mounts": [{"mount": "/", "size_total": 2**40}],
}


class Machines:
    """Takes the place of a fleet: machines that keep what they have played."""

    def __init__(self, folder: Path) -> None:
        """Have all answer."""
        self.folder = folder
        self.off: set[str] = set()
        self.dying: set[str] = set()
        self.failing: set[str] = set()
        self.has: dict[str, dict[str, str]] = {}
        self.played: list[tuple[str, str]] = []
        self.interrupt: Callable[[], object] = list
        self.change: dict[str, Any] = {}
        self.jobs: list[Job] = []

    def run(self, job: Job, *, on_end: Ended | None = None) -> FleetReport:
        """Do what the playbook does."""
        self.jobs.append(job)
        report = FleetReport(job.machines, job.seats)
        if on_end:
            report.on_end(on_end)
        for name in job.machines:
            if name in self.off:
                report.handle("runner_on_unreachable", {"host": name})
            elif job.playbook == "class_facts":
                res = {"ansible_facts": FACTS}
                report.handle("runner_on_ok", {"host": name, "res": res})
            else:
                self._regrade(name, job, report)
        report.finish()
        return report

    def _regrade(self, name: str, job: Job, report: FleetReport) -> None:
        given = job.variables["regrade_by_machine"][name]
        has = self.has.setdefault(name, {})
        if name in self.failing:
            data = {"host": name, "task": "Play", "res": {"msg": "no room"}}
            report.handle("runner_on_failed", data)
            return
        for task in Work.model_validate_json(given["stdin"]).tasks:
            key = task.file.stem
            if key not in has:
                self.played.append((name, task.known.student))
                change = {"status": "confirmed"} | self.change
                played = task.known.model_copy(update=change)
                has[key] = played.to_json()
        self.interrupt()
        if name in self.dying:
            report.handle("runner_on_unreachable", {"host": name})
            return
        for entry in given["submissions"]:
            come = Path(job.variables["regrade_results"])
            (come / f"{entry['key']}{SUFFIX}").write_text(has[entry["key"]])
            data = {"host": name, "res": {"item": entry | {"last": True}}}
            report.handle("runner_item_on_ok", data)
        for key in given["leaving"]:
            has.pop(key, None)


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machines:
    """Return two machines of a class."""
    folder = tmp_path / "class" / ".machines"
    folder.mkdir(parents=True)
    kit = KitArchive(folder / "kit.tar.gz", "0123")
    monkeypatch.setattr(module, "pack_kit", lambda _: kit)
    return Machines(folder)


def _item(student: str, **more: Any) -> Prepared:  # noqa: ANN401 - fields
    file = Path(f"{student}.lab")
    known = row(student, file=file.name, **{"status": "refused"} | more)
    return Prepared(file, known, make_plan(student))


ITEMS = [_item(it) for it in ("ada", "bob", "cy", "dan")]


def _regrade(
    machines: Machines,
    items: list[Prepared],
    seats: dict[str, str] | None = None,
) -> tuple[list[Regraded], list[Regraded]]:
    """Return the results, and what was told."""
    room = Room(
        machines,  # type: ignore[arg-type] # a fleet that needs no Ansible
        {it: Machine(it, it, {}, {}) for it in ("m1", "m2")},
        seats or {},
    )
    settings = Settings(machines.folder.parent / "results", "sandbox", 0, 10)
    told: list[Regraded] = []
    return Spread(settings, items, told.append, room).run(), told


def test_all_machines_have_a_share(machines: Machines) -> None:
    """Results are told, and nothing is left on machines."""
    found, told = _regrade(machines, ITEMS)

    assert {one.status for one in found} == {"confirmed"}
    assert [one.student for one in found] == ["ada", "bob", "cy", "dan"]
    assert len(told) == 4
    assert sorted(name for name, _ in machines.played) == [
        *("m1", "m1", "m2", "m2")
    ]
    assert machines.has == {"m1": {}, "m2": {}}


def test_what_has_a_result_is_not_sent(machines: Machines) -> None:
    """Nor is what is refused, and then no machine is asked."""
    _regrade(machines, ITEMS[:1])
    forged = Prepared(Path("eve.lab"), refused("eve", file="eve.lab"))
    asked = len(machines.jobs)

    found, _ = _regrade(machines, [ITEMS[0], forged])

    assert [one.status for one in found] == ["confirmed", "refused"]
    assert len(machines.jobs) == asked


def test_a_machine_that_is_off(machines: Machines) -> None:
    """The others do its work."""
    machines.off = {"m1"}

    found, _ = _regrade(machines, ITEMS)

    assert {one.status for one in found} == {"confirmed"}
    machines.off = {"m1", "m2"}
    with pytest.raises(CannotCheck, match="no machine answers: m1, m2"):
        _regrade(machines, [_item("eve")])


def test_a_lost_machine_costs_its_own(machines: Machines) -> None:
    """The next regrade places its submissions on the others."""
    machines.dying = {"m1"}
    found, told = _regrade(machines, ITEMS)

    lost = [one for one in found if one.status == "error"]
    assert len(lost) == 2
    assert all(one.again for one in lost)
    assert lost[0].reasons == ("m1 lost: no answer",)
    assert len(told) == 4

    machines.off, machines.dying = {"m1"}, set()
    found, _ = _regrade(machines, ITEMS)

    assert {one.status for one in found} == {"confirmed"}
    assert len(machines.played) == 6
    assert len(machines.has["m1"]) == 2

    machines.off = set()
    _regrade(machines, ITEMS)
    assert machines.has["m1"] == {}


def test_what_a_lost_machine_has_played_is_fetched(
    machines: Machines,
) -> None:
    """When it answers again, its submissions go back to it."""
    machines.dying = {"m1"}
    _regrade(machines, ITEMS)
    machines.dying = set()

    found, _ = _regrade(machines, ITEMS)

    assert {one.status for one in found} == {"confirmed"}
    assert len(machines.played) == 4


def test_it_goes_on_after_an_interruption(machines: Machines) -> None:
    """Nothing is played twice, on whichever machine it was."""

    def interrupt() -> None:
        machines.interrupt = list
        raise KeyboardInterrupt

    machines.interrupt = interrupt
    with pytest.raises(KeyboardInterrupt):
        _regrade(machines, ITEMS)

    found, _ = _regrade(machines, [_item("abe"), *ITEMS])

    assert {one.status for one in found} == {"confirmed"}
    assert sorted(student for _, student in machines.played) == [
        *("abe", "ada", "bob", "cy", "dan")
    ]


def test_what_had_come_is_kept(machines: Machines) -> None:
    """Killed before it was with the results, it is not fetched again."""
    come = machines.folder / "regraded"
    come.mkdir()
    known = ITEMS[0].known.model_copy(update={"status": "differs"})
    key = key_of(ITEMS[0])
    (come / f"{key}{SUFFIX}").write_text(known.to_json())

    found, _ = _regrade(machines, ITEMS[:1])

    assert found[0].status == "differs"
    assert not machines.jobs


def test_a_machine_that_fails_is_avoided(machines: Machines) -> None:
    """What could not be played there is played elsewhere."""
    machines.failing = {"m1"}
    found, _ = _regrade(machines, ITEMS)
    errors = [one for one in found if one.status == "error"]
    assert [one.reasons[-1] for one in errors] == [
        "m1 failed: Play: no room"
    ] * 2

    found, _ = _regrade(machines, ITEMS)

    assert {one.status for one in found} == {"confirmed"}


def test_a_seat_keeps_its_lab(machines: Machines) -> None:
    """A student's submission goes to another machine than that of the seat."""
    _regrade(machines, ITEMS[:1], {"ada": "m1"})

    assert machines.played == [("m2", "ada")]


@pytest.mark.parametrize(
    "change", [{"sha256": "1" * 64}, {"file": "x", "student": "eve"}]
)
def test_a_machine_decides_on_the_verdict_only(
    machines: Machines, change: dict[str, str]
) -> None:
    """Not on whose it is; and it can only speak of what it got."""
    machines.change = change

    (found,) = _regrade(machines, ITEMS[:1])[0]

    assert (found.student, found.file) == ("ada", "ada.lab")
    assert found.sha256 == ITEMS[0].known.sha256
    assert (found.status == "error") is ("sha256" in change)


def test_machines_get_no_more_than_they_need(machines: Machines) -> None:
    """Neither keys nor tickets, but for what is in a submission."""
    ticket = {"payload": "of the class"}

    _regrade(machines, [replace(ITEMS[0], ticket=ticket)])

    variables = machines.jobs[-1].variables
    assert "of the class" not in json.dumps(variables)
    (entry,) = variables["regrade_by_machine"]["m1"]["submissions"]
    assert entry["file"] == str(Path("ada.lab").resolve())
    assert entry["key"] in variables["regrade_by_machine"]["m1"]["leaving"]


def test_a_changed_file_is_another(machines: Machines) -> None:
    """A student may hand in again under the same name."""
    _regrade(machines, ITEMS[:1])

    _regrade(machines, [_item("ada", sha256="f" * 64)])

    assert len(machines.played) == 2
    results = machines.folder.parent / "results"
    assert load(results / f"ada{SUFFIX}").sha256 == "f" * 64
