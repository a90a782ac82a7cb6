"""Check tickets against the class's present roster."""

from __future__ import annotations

import time as clock
from collections import OrderedDict
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from graders.classroom.roster import read_roster
from graders.classroom.tickets import verify_ticket
from graders.errors import CannotCheck, KitError
from graders.files import read_text
from graders.plan.ticket import LIMIT, Ticket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.classroom.class_folder import Class

# Tickets whose signature is remembered, right or wrong.
_REMEMBERED: Final = 2000
# Seconds after a change of the folder in which there may be another one that
# its time does not show.
_UNSURE_S: Final = 1


class NotOfThisClassError(KitError):
    """A ticket is not one of this class, or no longer."""


class Admission:
    """The students of a class, with names and tickets."""

    def __init__(self, course: Class) -> None:
        """Remember the class; its folder is read when it has changed."""
        self._course = course
        self._verified: OrderedDict[bytes, Ticket | str] = OrderedDict()
        self._students: dict[str, Ticket] = {}
        self._changed: list[int] = []
        self._unreadable = False

    def check(self, text: str, now: float) -> Ticket:
        """Return the ticket in an envelope.

        Raises:
            NotOfThisClassError: this class has not signed it, it has been
                replaced, or it is no longer valid.
            CannotCheck: who is in the class cannot be read now.

        """
        found = self._verify(text)
        if isinstance(found, str):
            raise NotOfThisClassError(found)
        if self.nonce(found.student) != found.nonce:
            if self._unreadable:
                raise CannotCheck("the board could not read its class's list")
            raise NotOfThisClassError(
                f"the ticket of {found.student} was replaced, or the student"
                " is no longer in the class",
                remedy="ask your teacher for the present ticket",
            )
        if datetime.fromtimestamp(now, UTC).date() > found.valid_until:
            raise NotOfThisClassError(
                f"the ticket of {found.student} was valid until"
                f" {found.valid_until}",
                remedy="ask your teacher for another one",
            )
        return found

    def names(self) -> dict[str, str]:
        """Return the students' names by login."""
        return {login: one.name for login, one in self._read().items()}

    def name(self, login: str) -> str:
        """Return a student's name, or the login of one who has left."""
        found = self._read().get(login)
        return found.name if found else login

    def nonce(self, login: str) -> str:
        """Return the nonce of a student's ticket, "" without one."""
        found = self._read().get(login)
        return found.nonce if found else ""

    def _verify(self, text: str) -> Ticket | str:
        """Return the ticket that the class has signed, or what is wrong."""
        key = sha256(text.encode(errors="surrogatepass")).digest()
        if key in self._verified:
            self._verified.move_to_end(key)
            return self._verified[key]
        found: Ticket | str
        try:
            found = verify_ticket(text, self._course.key)
        except KitError as error:
            found = f"the ticket is not of this class: {error}"
        self._verified[key] = found
        if len(self._verified) > _REMEMBERED:
            self._verified.popitem(last=False)
        return found

    def _read(self) -> dict[str, Ticket]:
        """Return the students, read again when the folder has changed.

        While it cannot be read, who is known stays known.
        """
        course = self._course
        try:
            changed = [
                place.stat().st_mtime_ns
                for place in (course.roster, course.tickets)
            ]
            unsure = clock.time() - max(changed) / 1e9 < _UNSURE_S
            if unsure or changed != self._changed:
                self._students = {one.student: one for one in self._present()}
                self._changed = changed
            self._unreadable = False
        except (OSError, KitError):
            self._unreadable = True
        return self._students

    def _present(self) -> Iterator[Ticket]:
        """Yield the tickets of who is on the roster."""
        for entry in read_roster(self._course.roster):
            try:
                file = self._course.ticket_file(entry.student)
                found = self._verify(read_text(file, LIMIT))
            except (OSError, ValueError):
                continue
            if isinstance(found, Ticket) and found.student == entry.student:
                yield found
