"""Decide for each submission whether it is played, and with which lab.

Student and numbers come from name and ticket, never from what a submission
says of itself: an easier fault or a neighbour's numbers are refused.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from graders.classroom import submission
from graders.classroom.regraded import Regraded, Score, digest
from graders.classroom.work import summarise
from graders.course.lab import load_lab
from graders.errors import KitError, UsageError
from graders.plan.plan import make_plan, variant_for
from graders.plan.ticket import parse_ticket

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from graders.classroom.submission import Submission
    from graders.plan.plan import Plan


@dataclass(frozen=True)
class Prepared:
    """A submission with its result so far; no plan if it is refused."""

    file: Path
    known: Regraded
    plan: Plan | None = None
    ticket: Mapping[str, Any] | None = None


def prepare(
    file: Path,
    reasons: Sequence[str] = (),
    *,
    refused: bool = False,
    any_fault: bool = False,
) -> Prepared:
    """Return what to do with a submission that was verified.

    `reasons` are what that found, by which it may be `refused`; with
    `any_fault`, another fault than the student's own is played, too.
    """
    known = Regraded(
        file=file.name,
        sha256=digest(file),
        status="refused",
        reasons=tuple(reasons),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    try:
        sent = submission.read(file)
        known = known.model_copy(update=_known(sent))
        if refused:
            return Prepared(file, known)
        plan = _plan(sent)
        notes = _fault_notes(sent, plan, any_fault=any_fault)
    except KitError as error:
        return Prepared(
            file, known if refused else known.noting(*error.problems)
        )
    return Prepared(file, known.noting(*notes), plan, sent.plan.ticket)


def _known(sent: Submission) -> dict[str, Any]:
    return {
        "student": sent.plan.student,
        "lab": sent.plan.lab,
        "fault": sent.plan.fault,
        "kit": sent.plan.kit,
        "claimed": Score.of(sent.result),
        "work": summarise(sent.journal),
    }


def _plan(sent: Submission) -> Plan:
    nonce = _nonce(sent)
    plan = make_plan(sent.plan.student, sent.plan.slot, nonce=nonce)
    ours, theirs = plan.as_vars(), sent.plan.numbers
    for name in sorted(ours.keys() & theirs.keys()):
        # A LAN has another name where one is in use already.
        if name != "lan_name" and theirs[name] != ours[name]:
            raise UsageError(
                f"its numbers are not those of {plan.student}: {name} is"
                f" {ours[name]}, not {theirs[name]}"
            )
    return plan


def _nonce(sent: Submission) -> str:
    """Return the nonce of the ticket, "" without one."""
    if sent.plan.ticket is None:
        return ""
    try:
        ticket = parse_ticket(json.dumps(sent.plan.ticket))
    except ValueError as error:
        raise UsageError(f"its ticket: {error}") from None
    if ticket.student != sent.plan.student:
        raise UsageError(
            f"its ticket is of {ticket.student}, not of {sent.plan.student}"
        )
    return ticket.nonce


def _fault_notes(
    sent: Submission, plan: Plan, *, any_fault: bool
) -> list[str]:
    """Return what is to be said about the fault."""
    lab = load_lab(sent.plan.lab)
    lab.variant(sent.plan.fault)
    if sent.result.lab != lab.id or sent.result.student != plan.student:
        raise UsageError(
            f"its grade is of {sent.result.student} and {sent.result.lab},"
            f" not of {plan.student} and {lab.id}"
        )
    own = variant_for(plan, lab.id, list(lab.variants))
    if sent.plan.fault == own:
        return []
    problem = (
        f"its fault, {sent.plan.fault}, is not the one that {plan.student}"
        f" has in {lab.id}, {own}"
    )
    if any_fault:
        return [problem]
    raise UsageError(f"{problem}; --any-fault regrades it all the same")
