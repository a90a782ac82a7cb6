"""`lab reset`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from graders.cli.common import Student, command_context, echo
from graders.errors import CannotCheck

if TYPE_CHECKING:
    from graders.course.lab import Lab
    from graders.providers.base import ProviderStatus
    from graders.state.lab_state import State


def reset(student: Student = "demo") -> None:
    """Return the lab to its start state, and verify it."""
    from graders.cli.journal_note import kept_journal, note
    from graders.cli.plans import checked_status
    from graders.cli.progress_note import note_progress
    from graders.lifecycle import lifecycle
    from graders.state.journal import RESET

    with command_context("lab reset", student, locked=True):
        status = checked_status(student)
        plan = status.location.plan
        lab, state = _running_lab(status)
        with kept_journal(plan):
            remaining = lifecycle.reset(plan, lab, echo, status.machines)
        if remaining:
            raise CannotCheck(
                *map(str, remaining),
                remedy="`lab down`, then start the lab again",
            )
        note(plan, state, RESET, {})
        note_progress(student, state)
        typer.echo(f"{lab.id} is at its start state, as recorded")


def _running_lab(status: ProviderStatus) -> tuple[Lab, State]:
    from graders.lifecycle import lifecycle
    from graders.state.current import current_lab
    from graders.state.lab_state import UnknownState

    plan = status.location.plan
    try:
        return current_lab(plan)
    except UnknownState:
        raise
    except CannotCheck:
        if not any(one.exists for one in status.machines.values()):
            raise
    # The lab's state may be on a machine: repair that first.
    lifecycle.up(plan)
    return current_lab(plan)
