"""`lab start`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.cli.common import LabArg, Student, Variant, command_context

if TYPE_CHECKING:
    from graders.plan.plan import Plan
    from graders.providers.base import ProviderStatus
    from graders.state.lab_state import State


def start(
    lab: LabArg, variant: Variant = "", student: Student = "demo"
) -> None:
    """Start a lab with its fault, and show its brief in short."""
    from graders.cli.board_events import tell_start
    from graders.cli.brief import show_first_screen
    from graders.cli.plans import with_plan
    from graders.cli.ticket_note import expect_ticket
    from graders.course.lab import load_lab
    from graders.lifecycle import lifecycle
    from graders.plan.plan import variant_for

    with command_context("lab start", student, locked=True):
        chosen = load_lab(lab)
        if variant:
            chosen.variant(variant)

        def begin(status: ProviderStatus) -> Plan:
            plan = status.location.plan
            expect_ticket(plan)
            fault = variant or variant_for(
                plan, chosen.id, list(chosen.variants)
            )
            lifecycle.start(plan, chosen, fault, machines=status.machines)
            return plan

        plan = with_plan(student, begin)
        state = _record(plan, chosen=bool(variant))
        show_first_screen(plan, chosen)
        if state:
            tell_start(student, state)


def _record(plan: Plan, *, chosen: bool) -> State | None:
    """Record that a lab was started; return its state."""
    from graders.cli.journal_note import note_start
    from graders.cli.progress_note import note_progress
    from graders.state import lab_state

    if state := lab_state.read(plan):
        note_start(plan, state, chosen=chosen)
        note_progress(plan.student, state)
    return state
