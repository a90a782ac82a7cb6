"""Whether a lab was made with the student's class ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.cli.common import echo
from graders.errors import UsageError
from graders.plan.ticket import installed_ticket

if TYPE_CHECKING:
    from graders.plan.plan import Plan


def expect_ticket(plan: Plan) -> None:
    """Refuse to start a lab that would not count for the student's class.

    Raises:
        UsageError: the machines were not made with the ticket, or the ticket
            is damaged.

    """
    if course := _other_course(plan):
        raise UsageError(
            f"the machines of {plan.student}'s lab were not made with the"
            f" ticket for {course}, and have other numbers",
            remedy="`lab down` removes them, then start again; hosts are made"
            " again with `lab hosts render`; after `lab ticket --remove` the"
            " lab is none of the class",
        )


def note_ticket(plan: Plan, verb: str) -> None:
    """Say if a lab is judged that the class does not know."""
    try:
        course = _other_course(plan)
    except UsageError as error:
        echo(f"{verb}: {error}")
        return
    if course:
        echo(
            f"{verb}: this lab was not made with the ticket for {course}; it"
            " is graded as it was started, and does not count there: `lab"
            " down`, then `lab start` makes one that does"
        )


def _other_course(plan: Plan) -> str:
    """Return the course of the ticket if the lab has other numbers, or ""."""
    ticket = installed_ticket(plan.student)
    return ticket.course if ticket and ticket.nonce != plan.nonce else ""
