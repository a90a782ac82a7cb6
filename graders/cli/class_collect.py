"""`lab class collect`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graders.cli.class_fleet import (
    AT_ONCE,
    AtOnce,
    Students,
    all_seats,
    is_whole,
    seats_held,
    tell_result,
)
from graders.cli.common import FAULT, ClassFolder, echo
from graders.errors import CannotCheck

if TYPE_CHECKING:
    from pathlib import Path

    from graders.classroom.seats.fleet import Job
    from graders.classroom.seats.fleet_report import (
        FleetReport,
        MachineReport,
    )
    from graders.classroom.seats.seat_jobs import Choice

_FOLDER: Final = "collected"


def collect(
    students: Students = None,
    to: Annotated[
        str,
        typer.Option(
            metavar="FOLDER",
            help="Where files go; by default `collected` in the class.",
        ),
    ] = "",
    at_once: AtOnce = AT_ONCE,
    folder: ClassFolder = ".",
) -> None:
    """Fetch each seat's submissions, as NAME-lab-N.lab.

    A running lab that was not handed in is graded and handed in. Run it as
    often as you like: files are not fetched twice, and never replaced.
    """
    from pathlib import Path

    with seats_held("collect", folder, students, at_once) as (choice, fleet):
        goal = Path(to).expanduser() if to else choice.course.folder / _FOLDER
        found, looked = all_seats(choice, fleet)
        report = fleet.run(_job(found, goal))
        files, problems = _keep(report, goal)
        # Machines without seats were only looked at.
        report.machines = looked.machines | report.machines
        for lost in choice.plan.lost:
            if lost in report.machines:
                _tell_lost(report.machines.pop(lost))
        tell_result(report, "were asked")
        for line in problems:
            echo(f"  {line}")
        typer.echo(f"{len(files)} new submissions in {goal}")
        if problems or not is_whole(report):
            sys.exit(FAULT)


def _job(choice: Choice, goal: Path) -> Job:
    from graders.classroom.seats.collecting import digests
    from graders.classroom.seats.seat_jobs import run_job

    module = "graders.classroom.seats.on_machine"
    return run_job(
        choice,
        lambda seat: ["python", "-P", "-m", module, "hand-over", seat.student],
        lambda seat: " ".join(sorted(digests(goal, seat.student))),
    )


def _keep(report: FleetReport, goal: Path) -> tuple[list[Path], list[str]]:
    """Keep what seats handed over; return new files, and what is missing."""
    from graders.classroom.seats.collecting import keep

    files: list[Path] = []
    problems = []
    for seat in report.seats.values():
        if seat.state != "done":
            continue
        where = f"{seat.student} on {seat.machine}"
        try:
            if seat.code:
                last = (seat.errors or seat.output).strip().splitlines()[-1:]
                raise CannotCheck("".join(last) or f"status {seat.code}")  # noqa: TRY301 - told as others
            collected = keep(goal, seat.student, seat.output)
        except CannotCheck as error:
            problems.append(f"{where}: {error}")
            continue
        files += collected.files
        if collected.problem:
            problems.append(f"{where}: {collected.problem}")
    return files, problems


def _tell_lost(machine: MachineReport) -> None:
    """Say that files may be on a machine that is known to be lost."""
    if machine.state != "done":
        echo(
            f"  {machine.name} is lost; what was handed in there is collected"
            " once it answers"
        )
