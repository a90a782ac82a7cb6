"""Tickets of a class: signed by the teacher, verified by everyone else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from graders.classroom.envelope import (
    NotVerified,
    sign_document,
    verify_document,
)
from graders.classroom.keys import public_hex
from graders.errors import UsageError, explaining, printable
from graders.files import read_text, write_atomically
from graders.plan.ticket import (
    LIMIT,
    PAYLOAD_TYPE,
    Ticket,
    installed_ticket,
    parse_ticket,
)
from graders.settings import ticket_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from securesystemslib.signer import CryptoSigner

_MODE = 0o600


def sign_ticket(ticket: Ticket, signer: CryptoSigner) -> str:
    """Return the envelope of a ticket, signed by its course's key."""
    signed = replace(ticket, key=public_hex(signer))
    return sign_document(signed.to_document(), PAYLOAD_TYPE, signer)


def verify_ticket(
    envelope: str | Mapping[str, Any], public: str | None = None
) -> Ticket:
    """Return the ticket in an envelope that `public` has signed.

    Without `public`, the key that the ticket itself names must have signed
    it: then it is whole, but anyone may have made it. Whether it is still
    valid is not looked at.

    Raises:
        NotVerified: it is no ticket, or not signed by this key.

    """
    text = envelope if isinstance(envelope, str) else json.dumps(envelope)
    try:
        ticket = parse_ticket(text)
    except ValueError as error:
        raise NotVerified(printable(str(error))) from None
    if public not in {None, ticket.key}:
        raise NotVerified(
            f"it is for {ticket.course}, by another teacher's key"
        )
    verify_document(text, PAYLOAD_TYPE, ticket.key)
    return ticket


def fingerprint(key: str) -> str:
    """Return the first digits of a key, as people compare them."""
    return " ".join(key[at : at + 4] for at in range(0, 16, 4))


def today() -> date:
    """Return the day, in UTC: tickets mean the same everywhere."""
    return datetime.now(UTC).date()


def read_ticket(file: Path, student: str = "") -> tuple[Ticket, str]:
    """Return a ticket that a student was given, and its envelope.

    `student` is whose it must be, "" for anyone's.

    Raises:
        UsageError: it is damaged, expired, or another student's.

    """
    try:
        text = read_text(file, LIMIT)
        ticket = verify_ticket(text)
    except OSError as error:
        raise UsageError(
            f"could not read {file}: {error.strerror}",
            remedy="name the file that your teacher gave you",
        ) from None
    except (ValueError, NotVerified) as error:
        raise UsageError(
            f"{file} is no ticket, or was changed: {error}",
            remedy="copy it again as your teacher gave it to you",
        ) from None
    if student not in {"", ticket.student}:
        raise UsageError(
            f"{file} is the ticket of {ticket.student}, not of {student}",
            remedy="install your own; with it, no STUDENT is needed",
        )
    if ticket.valid_until < today():
        raise UsageError(
            f"the ticket of {ticket.student} for {ticket.course} was valid"
            f" until {ticket.valid_until}",
            remedy="ask your teacher for another one, or set the clock if the"
            " day is wrong here",
        )
    return ticket, text


def install_ticket(ticket: Ticket, envelope: str) -> Ticket | None:
    """Install a ticket; return the one in whose place it is now, if any.

    Raises:
        UsageError: a ticket of the same course is installed that another key
            has signed, or the folder cannot be written.

    """
    try:
        before = installed_ticket(ticket.student)
    except UsageError:
        before = None  # it is damaged, and this one mends it
    if (
        before
        and before.course == ticket.course
        and before.key != ticket.key
        and before.valid_until >= today()
    ):
        raise UsageError(
            f"the installed ticket for {ticket.course} was signed by another"
            f" key ({fingerprint(before.key)}) than this one"
            f" ({fingerprint(ticket.key)})",
            remedy="ask your teacher which key is right; `lab ticket"
            " --remove` removes the installed one",
        )
    file = ticket_file(ticket.student)
    with explaining(
        f"could not write {file}",
        "make the folder writable, or set METALLB_LAB_CONFIG to another",
    ):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(file, envelope, mode=_MODE)
    return before


def remove_ticket(student: str) -> bool:
    """Remove a student's installed ticket; return whether there was one.

    Raises:
        UsageError: it cannot be removed.

    """
    file = ticket_file(student)
    with explaining(f"could not remove {file}", "make its folder writable"):
        try:
            file.unlink()
        except FileNotFoundError:
            return False
    return True
