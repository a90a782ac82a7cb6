"""What `lab status` does."""

from __future__ import annotations

from rich.table import Table

from graders.cli.common import locate
from graders.console import Terminal
from graders.errors import CannotCheck
from graders.providers import status
from graders.providers.environment import inventory
from graders.settings import HOSTS
from graders.state import lab_state


def show_status(student: str) -> None:
    """Print what stands: lab, attempts, and every address.

    Raises:
        CannotCheck: docker does not answer.

    """
    plan = locate(student).plan
    table = Table("machine", "address", "state")
    for row in status.status_rows(plan):
        table.add_row(*row)
    console = Terminal()
    place = f"on {HOSTS}" if inventory() else plan.lan_name
    console.print(f"student {student}, LAN {plan.lan} ({place})")
    try:
        now = lab_state.read(plan)
    except CannotCheck:
        now = None
    console.print(
        f"{now.lab}, graded {now.attempts} times" if now else "no lab stands"
    )
    console.print(table)
