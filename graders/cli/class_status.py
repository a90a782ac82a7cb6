"""`lab class status`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graders.cli.class_fleet import (
    AT_ONCE,
    AtOnce,
    Students,
    end,
    seats_held,
)
from graders.cli.common import ClassFolder  # noqa: TC001 - typer reads it

if TYPE_CHECKING:
    from graders.classroom.seats.fleet_report import FleetReport
    from graders.classroom.seats.seat_jobs import Choice


def status(
    students: Students = None,
    at_once: AtOnce = AT_ONCE,
    folder: ClassFolder = ".",
) -> None:
    """Show each seat's machine and lab, and what was handed in.

    Ends with 3 if a machine does not answer, or a seat does not exist.
    """
    from graders.classroom.seats.seat_jobs import look_job

    with seats_held("status", folder, students, at_once) as (choice, fleet):
        report = fleet.run(look_job(choice))
        rows = _rows(choice, report)
        _show(choice, report, rows)
        for seat in choice.seats:
            row = rows.get((seat.machine, seat.student))
            report.seats[seat.machine, seat.student].state = (
                "done" if row and row["open"] else "failed"
            )
        end(report, "are open")


def _rows(
    choice: Choice, report: FleetReport
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what machines say of seats, by machine and student."""
    from graders.classroom.seats.seat_jobs import listed

    return {
        (name, row["student"]): row
        for name, machine in report.machines.items()
        for row in listed(choice.course, name, machine.output)
    }


def _show(
    choice: Choice,
    report: FleetReport,
    rows: dict[tuple[str, str], dict[str, Any]],
) -> None:
    """Print a table of the seats."""
    from rich.table import Table

    from graders.console import Terminal

    table = Table("student", "machine", "seat", "lab", "graded", "handed in")
    for seat in choice.seats:
        machine = report.machines[seat.machine]
        row = rows.get((seat.machine, seat.student))
        state = machine.state if machine.state != "done" else "not made"
        if row is None:
            table.add_row(seat.student, seat.machine, state, "", "", "")
            continue
        table.add_row(
            seat.student,
            seat.machine,
            "open" if row["open"] else "closed",
            row["problem"] or row["lab"] or "none",
            str(row["attempts"]) if row["lab"] else "",
            ", ".join(_labs(row)),
        )
    Terminal().print(table)


def _labs(row: dict[str, Any]) -> list[str]:
    """Return the labs of which a seat has a submission."""
    prefix = f"{row['student']}-"
    return [
        name.removeprefix(prefix).removesuffix(".lab")
        for name in row["submissions"]
    ]
