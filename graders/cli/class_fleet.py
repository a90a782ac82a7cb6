"""What the commands about seats share: options, and how they report."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graders.cli.common import (
    FAULT,
    class_context,
    print_lines,
    tell_on_stderr,
)
from graders.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from graders.classroom.seats.fleet import Fleet
    from graders.classroom.seats.fleet_report import FleetReport
    from graders.classroom.seats.seat_jobs import Choice

Students = Annotated[
    list[str] | None,
    typer.Argument(metavar="STUDENT", help="Without names, the whole class."),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--student", help="Only this student's seat; may be repeated."
    ),
]
AtOnce = Annotated[
    int,
    typer.Option("--at-once", min=1, max=500, help="Machines at a time."),
]
AT_ONCE: Final = 10
Images = Annotated[
    str,
    typer.Option(
        metavar="FILE",
        help="Archive of `lab images save`, sent to each machine once.",
    ),
]


@contextmanager
def seats_held(
    verb: str, folder: str, students: Sequence[str] | None, at_once: int
) -> Iterator[tuple[Choice, Fleet]]:
    """Choose seats of a class, and hold its machines for a verb.

    Raises:
        UsageError: there are no such seats.

    """
    from graders.classroom.seats.fleet import Fleet
    from graders.classroom.seats.seat_jobs import choose

    with class_context(verb, folder) as course:
        choice = choose(course, students or (), at_once)
        fleet = Fleet(course, f"lab class {verb}")
        with fleet.hold(tell_on_stderr("lab")):
            yield choice, fleet


def images_archive(name: str) -> Path | None:
    """Return the archive of images that is named, None if none is.

    Raises:
        UsageError: it does not exist.

    """
    from pathlib import Path

    archive = Path(name).expanduser() if name else None
    if archive and not archive.is_file():
        raise UsageError(
            f"{name}: the archive does not exist",
            remedy="`lab images save FILE` writes it",
        )
    return archive


def all_seats(choice: Choice, fleet: Fleet) -> tuple[Choice, FleetReport]:
    """Return all seats that machines have, also of students who moved.

    Machines that do not answer have none, and are in the report.
    """
    from dataclasses import replace

    from graders.classroom.seats.seat_jobs import listed, look_job
    from graders.classroom.seats.seat_plan import Seat

    wanted = {seat.student for seat in choice.seats}
    looked = fleet.run(look_job(choice.everywhere()), quiet=True)
    found = tuple(
        Seat(row["student"], name)
        for name, machine in looked.machines.items()
        for row in listed(choice.course, name, machine.output)
        if choice.everyone or row["student"] in wanted
    )
    return replace(choice, seats=found, everyone=False), looked


def end(report: FleetReport, done: str) -> None:
    """Print what became of seats; end with 3 if one or a machine failed.

    `done` says what seats now are.
    """
    tell_result(report, done)
    if not is_whole(report):
        sys.exit(FAULT)


def tell_result(report: FleetReport, done: str) -> None:
    """Print how many seats are done, and what failed."""
    seats = [*report.seats.values()]
    count = sum(seat.state == "done" for seat in seats)
    lines = [f"{count} of {len(seats)} seats {done}"]
    lines += [
        f"  {machine.name} {machine.state}: {machine.problem}"
        for machine in report.machines.values()
        if machine.state in {"failed", "lost"}
    ]
    lines += [
        f"  {seat.student} on {seat.machine}: {seat.problem}"
        for seat in seats
        if seat.problem and report.machines[seat.machine].state == "done"
    ]
    lines += _lost(report)
    print_lines(lines)


def is_whole(report: FleetReport) -> bool:
    """Tell whether all machines and seats are done."""
    states = {it.state for it in report.machines.values()}
    states |= {it.state for it in report.seats.values()}
    return states <= {"done"}


def _lost(report: FleetReport) -> list[str]:
    """Return what to do about lost machines."""
    lost = [it.name for it in report.machines.values() if it.state == "lost"]
    if not lost:
        return []
    line = (
        "run the command again once they answer; or seat their students"
        f" elsewhere: lab class move --lost {lost[0]}, then lab class up"
    )
    return [line]
