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
        CannotCheck: docker does not answer.

    """
    from rich.table import Table

    from graders.console import Terminal
    from graders.errors import CannotCheck
    from graders.providers.environment import inventory
    from graders.providers.kind import locate
    from graders.providers.status import status_rows
    from graders.settings import HOSTS
    from graders.state import lab_state

    plan = locate(student).plan
    table = Table("machine", "address", "state")
    for row in status_rows(plan):
        table.add_row(*row)
    console = Terminal()
    place = f"on {HOSTS}" if inventory() else plan.lan_name
    console.print(f"student {student}, LAN {plan.lan} ({place})")
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
