"""`lab start`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.cli.common import LabArg, Student, Variant, command_context

if TYPE_CHECKING:
    from graders.plan.plan import Plan
    from graders.providers.base import ProviderStatus


def start(
    lab: LabArg, variant: Variant = "", student: Student = "demo"
) -> None:
    """Start a lab with its fault, and show its brief."""
    from graders.cli.brief import show_brief
    from graders.cli.journal_note import note_start
    from graders.cli.plans import with_plan
    from graders.cli.progress_note import note_progress
    from graders.cli.ticket_note import expect_ticket
    from graders.course.lab import load_lab
    from graders.lifecycle import lifecycle
    from graders.plan.plan import variant_for
    from graders.state import lab_state

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
        if state := lab_state.read(plan):
            note_start(plan, state, chosen=bool(variant))
            note_progress(student, state)
        show_brief(plan, chosen)
