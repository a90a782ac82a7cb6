"""Tickets for everyone on a roster; who has one keeps its nonce."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from graders.classroom.roster import to_csv
from graders.classroom.tickets import sign_ticket, today
from graders.errors import UsageError, explaining
from graders.files import write_atomically
from graders.plan.ticket import Ticket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.classroom.class_folder import Class
    from graders.classroom.roster import Entry

_MODE: Final = 0o600
_NONCE_BYTES: Final = 8


@dataclass(frozen=True)
class Enrolment:
    """Students who got a ticket, another one, kept theirs, or have left.

    A renewed ticket has another name or last day, and the same nonce.
    """

    new: tuple[str, ...]
    renewed: tuple[str, ...]
    kept: tuple[str, ...]
    left: tuple[str, ...]


def enrol(course: Class, entries: Sequence[Entry]) -> Enrolment:
    """Write a ticket for each student of a roster, and the roster.

    Who is no longer on it keeps the ticket in the folder, and gets the same
    nonce after coming back. Interrupted, it goes on when it is run again.

    Raises:
        UsageError: tickets in the folder are damaged or of another class,
            or it cannot be written.
        CannotCheck: the class's key cannot be used.

    """
    signer = course.signer()
    before = _tickets(course)
    after = {
        entry.student: _ticket(course, entry, before.get(entry.student))
        for entry in entries
    }
    changed = [it for it in after if after[it] != before.get(it)]
    with explaining(
        f"could not write into {course.folder}",
        "make room there, or make it writable, and run it again",
    ):
        for student in changed:
            text = sign_ticket(after[student], signer)
            write_atomically(course.ticket_file(student), text, mode=_MODE)
        write_atomically(course.roster, to_csv(entries), mode=_MODE)
    return Enrolment(
        new=tuple(it for it in changed if it not in before),
        renewed=tuple(it for it in changed if it in before),
        kept=tuple(it for it in after if it not in changed),
        left=tuple(it for it in before if it not in after),
    )


def _tickets(course: Class) -> dict[str, Ticket]:
    """Return every ticket of a class by student."""
    found, problems = {}, []
    for student in course.students():
        try:
            ticket = course.ticket(student)
        except UsageError as error:
            problems.append(str(error))
            continue
        if ticket:
            found[student] = ticket
    if problems:
        raise UsageError(
            *problems,
            remedy="restore these from a backup; without its file, a student"
            " gets a ticket with other numbers",
        )
    return found


def _ticket(course: Class, entry: Entry, before: Ticket | None) -> Ticket:
    if before:
        return replace(before, name=entry.name, valid_until=course.valid_until)
    return Ticket(
        course=course.course,
        student=entry.student,
        name=entry.name,
        nonce=secrets.token_hex(_NONCE_BYTES),
        issued=today(),
        valid_until=course.valid_until,
        key=course.key,
    )
