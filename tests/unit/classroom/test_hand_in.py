"""What the kit's commands record and hand in is what a teacher verifies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.classroom import submission
from graders.classroom.hand_in import Run, hand_in
from graders.classroom.repair import Repair
from graders.classroom.tickets import install_ticket, read_ticket
from graders.classroom.verify import of_other_faults, verify
from graders.cli.journal_note import note, note_grade, note_start
from graders.course.lab import load_lab
from graders.grading.result import CheckResult, GradeResult, Heading, summarise
from graders.plan.plan import Plan, make_plan, variant_for
from graders.state.journal import GIVE_UP, HINT, RESET, SUBMIT
from graders.state.lab_state import State
from tests.classes import a_class

if TYPE_CHECKING:
    from pathlib import Path

    from graders.classroom.class_folder import Class
    from graders.course.lab import Lab


pytestmark = pytest.mark.usefixtures("base")


@pytest.fixture
def course(tmp_path: Path) -> Class:
    """Make a class whose student has installed the ticket."""
    made = a_class(tmp_path / "class", "ada")
    install_ticket(*read_ticket(made.ticket_file("ada")))
    return made


def _grade(
    plan: Plan, lab: Lab, fault: str, *failed: str
) -> list[CheckResult]:
    """Return the checks that a grade makes for a fault."""
    del plan
    return [
        CheckResult(
            name=name,
            layer="allocation",
            sentence="It is right.",
            outcome="fail" if name in failed else "pass",
            points=0 if name in failed else points,
            max_points=points,
            seconds=0.01,
        )
        for name, points in lab.checks.items()
        if name not in of_other_faults(lab.id, fault)
    ]


@pytest.mark.parametrize("number", ["0", "1", "2", "3", "4", "5"])
def test_handed_in_is_verified(
    tmp_path: Path, course: Class, number: str
) -> None:
    """Started, graded, helped, reset and solved: nothing is missing."""
    ticket = course.ticket("ada")
    assert ticket
    plan, lab = make_plan("ada", nonce=ticket.nonce), load_lab(number)
    fault = variant_for(plan, lab.id, [*lab.variants])
    state = State(lab.id, fault, "5d0c9a1f", 0)

    def graded(attempt: int, hints: int, *failed: str) -> GradeResult:
        heading = Heading(
            lab=lab.id, title=lab.title, student="ada", attempt=attempt
        )
        checks = _grade(plan, lab, fault, *failed)
        result = summarise(heading, checks, 1.0)
        return result.with_help(hints, gave_up=hints == 2)

    note_start(plan, state, chosen=False)
    note_grade(plan, state, graded(1, 0, next(iter(lab.checks))), full=False)
    note(plan, state, HINT, {"number": 1, "check": "vip"})
    note_grade(plan, state, graded(2, 1), full=False)
    note(plan, state, RESET, {})
    note(plan, state, HINT, {"number": 2, "check": "vip"})
    note(plan, state, GIVE_UP, {})
    last = graded(3, 2)
    note_grade(plan, state, last, full=True)
    note(plan, state, SUBMIT, {})
    file = tmp_path / "ada.lab"

    hand_in(file, Run(plan, lab, state, last), _repair())

    (row,) = verify([file], course)
    assert (row.status, row.reasons) == ("verified", ())


def _repair() -> Repair:
    typed = "```shell may-fail\nk get svc\n```\n"
    return Repair(typed, submission.Differences())
