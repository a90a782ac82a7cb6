"""`lab class exec` and `lab class reset`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.class_fleet import (
    AT_ONCE,
    AtOnce,
    Only,
    Students,
    end,
    seats_held,
)
from graders.cli.common import ClassFolder, print_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.classroom.seats.fleet_report import FleetReport, SeatReport


def exec_(
    command: Annotated[
        list[str],
        typer.Argument(metavar="COMMAND", help="Such as: start 1"),
    ],
    students: Only = None,
    at_once: AtOnce = AT_ONCE,
    folder: ClassFolder = ".",
) -> None:
    """Run a command of the kit in each seat, and print its output.

    It is one that students may use, but here at any time. Put `--` before one
    with options: `lab class exec -- grade --full`. Ends with 0 if all ended
    with 0, 1 if one did not, 3 if a machine failed.
    """
    report = _run("exec", command, (folder, students, at_once))
    for seat in report.seats.values():
        if seat.code is not None:
            print_lines(_answer(seat))
    _end(report, "have run it")


def reset(
    students: Students = None,
    at_once: AtOnce = AT_ONCE,
    folder: ClassFolder = ".",
) -> None:
    """Return the labs of seats to their start state."""
    report = _run("reset", ["reset"], (folder, students, at_once))
    for seat in report.seats.values():
        if seat.code:
            print_lines(_answer(seat))
    _end(report, "are reset")


def _run(
    verb: str,
    command: list[str],
    where: tuple[str, Sequence[str] | None, int],
) -> FleetReport:
    from graders.classroom.seats.seat_jobs import seat_job

    with seats_held(verb, *where) as (choice, fleet):
        return fleet.run(seat_job(choice, command))


def _answer(seat: SeatReport) -> list[str]:
    """Return what a seat's command has printed."""
    head = f"{seat.student} on {seat.machine}: ended with {seat.code}"
    text = f"{seat.output}\n{seat.errors}".strip()
    return [head, *(f"  {line}".rstrip() for line in text.splitlines())]


def _end(report: FleetReport, done: str) -> None:
    end(report, done)
    if any(seat.code for seat in report.seats.values()):
        sys.exit(1)
