"""`lab solution`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.common import Student, command_context
from graders.cli.completion import complete_labs
from graders.errors import UsageError

if TYPE_CHECKING:
    from graders.course.lab import Lab
    from graders.plan.plan import Plan


def solution(
    lab: Annotated[
        str,
        typer.Argument(
            help="A lab that you have solved; the running one if left out.",
            autocompletion=complete_labs,
        ),
    ] = "",
    give_up: Annotated[
        bool,
        typer.Option(
            "--give-up",
            help="Show that of the running lab, unsolved; this is recorded.",
        ),
    ] = False,
    student: Student = "demo",
) -> None:
    """Show the walkthrough of a lab that is solved, or given up."""
    from graders.cli.brief import print_markdown
    from graders.course.debrief import solution_text
    from graders.course.lab import load_lab
    from graders.course.templates import names
    from graders.providers.registry import provider

    with command_context("lab solution", student, locked=give_up):
        if lab and give_up:
            raise UsageError(
                "--give-up is about the running lab",
                remedy="`lab solution --give-up`",
            )
        plan = provider().locate(student).plan
        chosen, variants = (
            _known(load_lab(lab), student)
            if lab
            else _running(plan, give_up=give_up)
        )
        values = names(plan)
        texts = [solution_text(chosen, one, values) for one in variants]
        print_markdown("\n\n".join(texts), paged=sys.stdout.isatty())


def _known(lab: Lab, student: str) -> tuple[Lab, list[str]]:
    """Return the faults of a lab that the student has found or given up."""
    from graders.grading.progress import read_progress

    known = {
        run.variant: None
        for run in read_progress(student).runs
        if run.lab == lab.id
    }
    variants = [one for one in known if one in lab.variants]
    if not variants:
        raise UsageError(
            f"{lab.id} is not solved",
            remedy=f"`lab start {lab.number}` starts it; `lab solution"
            " --give-up` then shows the solution",
        )
    return lab, variants


def _running(plan: Plan, *, give_up: bool) -> tuple[Lab, list[str]]:
    """Return the running lab and its fault."""
    from graders.cli.journal_note import note
    from graders.cli.progress_note import note_progress
    from graders.grading.progress import read_progress
    from graders.state import lab_state
    from graders.state.current import current_lab
    from graders.state.journal import GIVE_UP

    lab, state = current_lab(plan)
    if not state.gave_up and not any(
        (run.lab, run.variant) == (lab.id, state.variant)
        for run in read_progress(plan.student).runs
    ):
        if not give_up:
            raise UsageError(
                f"{lab.id} is not solved",
                remedy="`lab hint` gives a hint; `lab solution --give-up`"
                " shows the solution, which is recorded",
            )
        state = lab_state.mark_given_up(plan, state)
        note(plan, state, GIVE_UP, {})
        note_progress(plan.student, state)
    return lab, [state.variant]
