"""A class on paper: a folder with tickets, and students with keys."""

from __future__ import annotations

import secrets
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from securesystemslib.signer import CryptoSigner

from graders.classroom.board.admission import Admission
from graders.classroom.board.message import write_message
from graders.classroom.class_folder import new_class
from graders.classroom.roster import Entry, to_csv
from graders.classroom.tickets import sign_ticket, today
from graders.plan.ticket import Ticket

if TYPE_CHECKING:
    from pathlib import Path

LAB = "lab-3-bgp-ecmp"


class PaperClass:
    """A class whose folder has what the board reads."""

    def __init__(self, folder: Path) -> None:
        """Create an empty class."""
        self.course = new_class(folder, "Networks", today() + timedelta(90))
        self._signer = self.course.signer()
        self._entries: dict[str, Entry] = {}
        self._write_roster()

    def admission(self) -> Admission:
        """Return what the board knows of the class."""
        return Admission(self.course)

    def ticket(self, login: str, name: str = "", *, days: int = 90) -> str:
        """Put a student on the roster; return the ticket."""
        ticket = Ticket(
            course=self.course.course,
            student=login,
            name=name or login.title(),
            nonce=secrets.token_hex(8),
            issued=today(),
            valid_until=today() + timedelta(days),
            key=self.course.key,
        )
        text = sign_ticket(ticket, self._signer)
        self.course.ticket_file(login).write_text(text)
        self._entries[login] = Entry(login, login, ticket.name, "", 1)
        self._write_roster()
        return text

    def leave(self, login: str) -> None:
        """Take a student off the roster; the ticket stays in the folder."""
        del self._entries[login]
        self._write_roster()

    def _write_roster(self) -> None:
        text = to_csv(list(self._entries.values()))
        self.course.roster.write_text(text)


class PaperStudent:
    """A student with a ticket, a key of their own, and things to tell."""

    def __init__(self, ticket: str) -> None:
        """Make a key."""
        self.ticket = ticket
        self.signer = CryptoSigner.generate_ed25519()

    def message(self, *events: dict[str, Any], sent: float = 0) -> bytes:
        """Return the body of a request that tells events."""
        return write_message(
            events, sent or time.time(), self.ticket, self.signer
        )


def event(kind: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return an event of lab 3, now."""
    return {
        "id": secrets.token_hex(8),
        "time": time.time(),
        "event": kind,
        "lab": LAB,
        "run": "r1",
        **fields,
    }
