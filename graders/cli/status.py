"""`lab status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.cli.common import Student, command_context
from graders.errors import CannotCheck

if TYPE_CHECKING:
    from graders.plan.plan import Plan


def status(student: Student = "demo") -> None:
    """Show which lab is running, and the machines with their addresses."""
    with command_context("lab status", student):
        _show_status(student)


def _show_status(student: str) -> None:
    """Print lab, attempts, and every address."""
    from rich.table import Table

    from graders.console import Terminal
    from graders.providers.registry import provider

    status = provider().status(student)
    plan = status.location.plan
    table = Table("machine", "address", "state")
    for role, machine in status.machines.items():
        table.add_row(role, machine.address, machine.state)
    console = Terminal()
    console.print(f"student {student}, LAN {plan.lan} ({status.place})")
    console.print(_running_lab(plan), markup=False, highlight=False)
    console.print(table)


def _running_lab(plan: Plan) -> str:
    """Say which lab is running, or why that is not known."""
    from graders.state import lab_state

    try:
        state = lab_state.read(plan)
    except CannotCheck as error:
        return str(error)
    if state is None:
        return "no lab is running; `make lab-1` starts one"
    times = "once" if state.attempts == 1 else f"{state.attempts} times"
    return f"{state.lab}, graded {times}"
