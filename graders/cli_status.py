"""What `lab status` does."""

from __future__ import annotations

from rich.table import Table

from graders import standing, state
from graders.cli_common import located
from graders.errors import CannotCheck
from graders.terminal import Terminal
from graders.where import HOSTS, inventory


def show_status(student: str) -> None:
    """Print what stands: lab, attempts, and every address.

    Raises:
        CannotCheck: docker does not answer.

    """
    plan = located(student).plan
    table = Table("machine", "address", "state")
    for row in standing.rows(plan):
        table.add_row(*row)
    console = Terminal()
    place = f"on {HOSTS}" if inventory() else plan.lan_name
    console.print(f"student {student}, LAN {plan.lan} ({place})")
    try:
        now = state.current(plan)
    except CannotCheck:
        now = None
    console.print(
        f"{now.lab}, graded {now.attempts} times" if now else "no lab stands"
    )
    console.print(table)
