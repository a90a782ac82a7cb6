"""Verify that a submission is its student's: ticket, numbers, fault."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from graders.classroom.envelope import NotVerified
from graders.classroom.history import handed_in
from graders.classroom.reasons import refused, shown, warning
from graders.classroom.roster import read_roster
from graders.classroom.tickets import verify_ticket
from graders.errors import KitError, UsageError
from graders.lifecycle.image_tag import recipe
from graders.plan.plan import DEMO, make_plan, variant_for
from graders.providers.kind_location import FALLBACK_LAN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.classroom.class_folder import Class
    from graders.classroom.reasons import Reason
    from graders.classroom.submission import Submission
    from graders.course.lab import Lab
    from graders.plan.plan import Plan
    from graders.plan.ticket import Ticket

KIT: Final = "metallb-lab-kit"


@dataclass(frozen=True)
class Origin:
    """The verifier's own kit, and its class if there is one."""

    course: Class | None = None

    @cached_property
    def kit(self) -> str:
        """The version of this kit."""
        return metadata.version(KIT)

    @cached_property
    def recipe(self) -> str:
        """The tag of this kit's images."""
        return recipe()

    @cached_property
    def students(self) -> frozenset[str]:
        """Who is on the roster of the class now.

        Raises:
            UsageError: the class's own copy of it was damaged.

        """
        if not self.course:
            return frozenset()
        return frozenset(it.student for it in read_roster(self.course.roster))

    def is_of_this_kit(self, sent: Submission) -> bool:
        """Tell whether labs and numbers of a submission are known here."""
        return sent.plan.kit == sent.result.kit == self.kit

    def problems(self, sent: Submission) -> Iterator[Reason]:
        """Yield all that is wrong with who and what a submission is."""
        yield from self._kit(sent)
        if sent.result.student != sent.plan.student:
            yield refused(
                "ticket",
                f"the result is of {shown(sent.result.student)}, the plan of"
                f" {sent.plan.student}",
            )
        if sent.result.lab != sent.plan.lab:
            yield refused(
                "fault",
                f"the result is of {shown(sent.result.lab)}, the plan of"
                f" {shown(sent.plan.lab)}",
            )
        try:
            ticket = self._ticket(sent)
        except NotVerified as error:
            # Without a ticket nobody knows which numbers are right.
            for problem in error.problems:
                yield refused("ticket", problem)
            return
        yield from self._class(sent, ticket)
        yield from self._numbers(sent, ticket.nonce if ticket else "")

    def fault(self, sent: Submission, lab: Lab) -> Iterator[Reason]:
        """Yield why the fault is not that of student and nonce."""
        try:
            ticket = self._ticket(sent)
            plan = _plan(sent, ticket.nonce if ticket else "")
        except KitError:
            return  # told already
        own = variant_for(plan, lab.id, list(lab.variants))
        if sent.plan.fault != own:
            yield self._other(
                sent,
                "fault",
                f"the lab had fault {shown(sent.plan.fault)}, and"
                f" {sent.plan.student} has {own}",
            )

    def _kit(self, sent: Submission) -> Iterator[Reason]:
        plan = sent.plan
        for name, version in (("plan", plan.kit), ("result", sent.result.kit)):
            if version != self.kit:
                yield warning(
                    "kit",
                    f"the {name} is by version {shown(version)} of the kit,"
                    f" this is {self.kit}: labs and numbers may differ",
                )
        if plan.recipe != self.recipe:
            yield warning(
                "kit",
                f"the lab ran on other images ({shown(plan.recipe)}, these are"
                f" {self.recipe})",
            )

    def _ticket(self, sent: Submission) -> Ticket | None:
        """Return the ticket, None without one."""
        if sent.plan.ticket is None:
            return None
        key = self.course.key if self.course else None
        ticket = verify_ticket(sent.plan.ticket, key)
        if ticket.student != sent.plan.student:
            raise NotVerified(
                f"it is the ticket of {ticket.student}, not of"
                f" {sent.plan.student}"
            )
        if self.course and ticket.course != self.course.course:
            raise NotVerified(f"it is for {ticket.course}")
        return ticket

    def _class(
        self, sent: Submission, ticket: Ticket | None
    ) -> Iterator[Reason]:
        """Yield what a class knows otherwise, or why that is not known."""
        if not self.course:
            yield warning(
                "ticket",
                "whose ticket it is cannot be verified without --class"
                if sent.plan.ticket
                else "no ticket: the numbers are those of the name, in every"
                " course",
            )
        elif sent.plan.ticket is None:
            yield refused(
                "ticket",
                f"no ticket for {self.course.course}: the numbers are those of"
                " the name, in every course",
            )
        elif ticket:
            yield from self._member(self.course, sent, ticket)

    def _member(
        self, course: Class, sent: Submission, ticket: Ticket
    ) -> Iterator[Reason]:
        try:
            current = course.ticket(ticket.student)
            on_roster = ticket.student in self.students
        except UsageError as error:
            yield warning("ticket", f"the class's own files: {error}")
            return
        if current is None or current.nonce != ticket.nonce:
            yield refused(
                "ticket",
                "the class has another ticket for this student"
                if current
                else "the class has no ticket for this student",
            )
            return
        if not on_roster:
            yield warning("ticket", "the student is no longer on the roster")
        last = handed_in(sent)
        if last and last.date() > current.valid_until:
            yield warning(
                "ticket",
                f"handed in on {last.date()} by the student's clock, after the"
                f" last day ({current.valid_until})",
            )

    def _numbers(self, sent: Submission, nonce: str) -> Iterator[Reason]:
        """Yield which numbers are not those of student and nonce."""
        try:
            plan = _plan(sent, nonce)
        except UsageError as error:
            yield refused("numbers", error.problems[0])
            return
        expected = json.loads(json.dumps(plan.as_vars()))
        wrong = _differing(expected, sent.plan.numbers)
        if not wrong:
            return
        whose = "of name and ticket" if nonce else "of the name"
        if nonce and not _differing(
            json.loads(json.dumps(_plan(sent, "").as_vars())),
            sent.plan.numbers,
        ):
            whose = "of name and ticket: the lab was made without it"
        yield self._other(
            sent,
            "numbers",
            f"{', '.join(wrong[:3])}{' and more' if wrong[3:] else ''}: not"
            f" the numbers {whose}",
        )

    def _other(self, sent: Submission, about: Any, text: str) -> Reason:  # noqa: ANN401 - a literal
        """Return a reason that only the same kit can be sure of."""
        if self.is_of_this_kit(sent):
            return refused(about, text)
        return warning(about, f"{text}, as far as this version can tell")


def _plan(sent: Submission, nonce: str) -> Plan:
    """Return the plan that a submission must be about."""
    plan = sent.plan
    # Where a network `kind` was there before, demo's LAN has another name.
    moved = plan.student == DEMO and plan.numbers.get("lan_name") == (
        FALLBACK_LAN
    )
    return make_plan(
        plan.student, plan.slot, FALLBACK_LAN if moved else None, nonce
    )


def _differing(expected: dict[str, Any], actual: dict[str, Any]) -> list[str]:
    return sorted(
        name
        for name in {*expected, *actual}
        if name not in expected
        or name not in actual
        or actual[name] != expected[name]
    )
