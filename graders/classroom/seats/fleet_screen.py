"""Show the progress of all machines: one table, or a line for each event."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.live import Live
from rich.table import Table

from graders.classroom.seats.fleet_report import SeatReport
from graders.console import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rich.console import RenderableType

    from graders.classroom.seats.fleet_report import (
        FleetReport,
        MachineReport,
    )

_PER_S: Final = 4
_ROOM: Final = 4


@contextmanager
def fleet_screen(
    report: FleetReport, verb: str, log: Path, *, quiet: bool = False
) -> Iterator[Callable[[], None]]:
    """Show a report while it changes; the yielded function shows a change.

    On a terminal that is a table of all machines; what has failed is told
    below it, and elsewhere each end of a seat or machine is a line.
    """
    console = Terminal(stderr=True, quiet=quiet)
    _print(console, f"{verb}: full log in {log}")
    began = time.monotonic()

    def tell(one: MachineReport | SeatReport) -> None:
        line = _line(one)
        if line and (one.problem or not console.is_terminal):
            seconds = time.monotonic() - began
            _print(console, f"  {line}, {seconds:.0f} s")

    report.on_end(tell)
    if quiet or not console.is_terminal:
        yield lambda: None
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        shown = 0.0

        def show() -> None:
            nonlocal shown
            if time.monotonic() - shown > 1 / _PER_S:
                shown = time.monotonic()
                room = console.height - _ROOM
                live.update(_table(report, verb, room), refresh=True)

        yield show


def _print(console: Terminal, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _line(one: MachineReport | SeatReport) -> str:
    """Return a line about what has ended, "" if others say it."""
    if isinstance(one, SeatReport):
        if one.state == "lost":
            return ""
        name = f"{one.machine}: {one.student}"
    else:
        name = one.name
    if one.problem:
        return f"{name}: {one.state}: {one.problem}"
    return f"{name}: {one.state}"


def _table(report: FleetReport, verb: str, room: int) -> RenderableType:
    """Return all machines, those that are worked on first."""
    table = Table("machine", "seats", "state", "step", title=verb)
    order = ("working", "lost", "failed", "waiting", "done")
    machines = sorted(
        report.machines.values(), key=lambda it: order.index(it.state)
    )
    for machine in machines[: max(1, room - _ROOM)]:
        seats = report.on(machine.name)
        done = sum(seat.state == "done" for seat in seats)
        table.add_row(
            machine.name,
            f"{done}/{len(seats)}" if seats else "",
            machine.state,
            machine.problem or machine.task,
        )
    if len(machines) > table.row_count:
        table.add_row(f"{len(machines) - table.row_count} more", "", "", "")
    return table
