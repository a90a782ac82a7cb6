"""`lab status`."""

from __future__ import annotations

from graders.cli.common import Student, command_context


def status(student: Student = "demo") -> None:
    """Show which lab is running, and the machines with their addresses."""
    with command_context("lab status", student):
        _show_status(student)


def _show_status(student: str) -> None:
    """Print lab, attempts, and every address.

    Raises:
        CannotCheck: the provider does not answer.

    """
    from rich.table import Table

    from graders.console import Terminal
    from graders.errors import CannotCheck
    from graders.providers.registry import provider
    from graders.state import lab_state

    status = provider().status(student)
    plan = status.location.plan
    table = Table("machine", "address", "state")
    for role, machine in status.machines.items():
        table.add_row(role, machine.address, machine.state)
    console = Terminal()
    console.print(f"student {student}, LAN {plan.lan} ({status.place})")
    try:
        state = lab_state.read(plan)
    except CannotCheck:
        state = None
    console.print(
        f"{state.lab}, graded {state.attempts} times"
        if state
        else "no lab is running"
    )
    console.print(table)
