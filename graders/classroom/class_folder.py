"""The teacher's folder of a class: its key, its roster and its tickets.

`class.yml` is written last: a folder without it has no class yet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Final

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    StringConstraints,
)

from graders.classroom.envelope import NotVerified
from graders.classroom.keys import key_in, public_hex
from graders.classroom.tickets import today, verify_ticket
from graders.errors import CannotCheck, UsageError, explaining
from graders.files import read_text, write_atomically
from graders.plan.ticket import LIMIT
from graders.settings import TICKET_SUFFIX
from graders.yamlfile import read_model

if TYPE_CHECKING:
    from pathlib import Path

    from securesystemslib.signer import CryptoSigner

    from graders.plan.ticket import Ticket

CLASS_FILE: Final = "class.yml"
ROSTER_FILE: Final = "roster.csv"
_KEY_FILE: Final = "key"
_TICKETS: Final = "tickets"
_COURSE: Final = re.compile(r"[^\W_][\w .,()+-]{0,58}[\w.)+-]?")
_KEY: Final = "^[0-9a-f]{64}$"
_PATTERNS: Final = {_KEY: "64 of 0-9 and a-f"}
# Who gets the folder's contents could sign tickets, and publish who is in it.
_IGNORED: Final = "# Secret, and about people.\n*\n"


class _ClassFile(BaseModel):
    """The content of class.yml."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    course: Annotated[str, StringConstraints(min_length=1)]
    created: date
    valid_until: date
    key: Annotated[str, StringConstraints(pattern=_KEY)]


@dataclass(frozen=True)
class Class:
    """A class, and where its files are; `key` is the public one."""

    folder: Path
    course: str
    created: date
    valid_until: date
    key: str

    @property
    def roster(self) -> Path:
        """The students of the class, as a CSV file."""
        return self.folder / ROSTER_FILE

    @property
    def tickets(self) -> Path:
        """The folder of all tickets, also of students who have left."""
        return self.folder / _TICKETS

    def ticket_file(self, student: str) -> Path:
        """Return the file of a student's ticket."""
        return self.tickets / f"{student}{TICKET_SUFFIX}"

    def ticket(self, student: str) -> Ticket | None:
        """Return a student's ticket, None without one.

        Raises:
            UsageError: it is damaged, or not of this class.

        """
        file = self.ticket_file(student)
        try:
            ticket = verify_ticket(read_text(file, LIMIT), self.key)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UsageError(f"{file}: {error.strerror}") from None
        except (ValueError, NotVerified) as error:
            raise UsageError(f"{file}: {error}") from None
        if (ticket.student, ticket.course) != (student, self.course):
            raise UsageError(
                f"{file}: it is of {ticket.student} in {ticket.course}"
            )
        return ticket

    def students(self) -> list[str]:
        """Return everyone who ever had a ticket, in order."""
        return sorted(
            file.name.removesuffix(TICKET_SUFFIX)
            for file in self.tickets.glob(f"*{TICKET_SUFFIX}")
            if not file.name.startswith(".")
        )

    def signer(self) -> CryptoSigner:
        """Return the secret key.

        Raises:
            CannotCheck: it cannot be read, or is not that of class.yml.

        """
        file = self.folder / _KEY_FILE
        signer = key_in(file, create=False)
        if public_hex(signer) != self.key:
            raise CannotCheck(
                f"{file} is not the key that {self.folder / CLASS_FILE} names",
                remedy="restore both from the same backup: tickets by another"
                " key would not count",
            )
        return signer


def new_class(folder: Path, course: str, valid_until: date) -> Class:
    """Create a class with its key; return it.

    Raises:
        UsageError: there is one already, the name or day is not allowed, or
            the folder cannot be written.

    """
    if not _COURSE.fullmatch(course):
        raise UsageError(
            "a course's name must have 1 to 60 letters, digits, spaces and"
            f" . , - + _ ( ), with a letter or digit first, not {course!r}",
            remedy="such as `lab class new 'Networks 2027'`",
        )
    if valid_until < today():
        raise UsageError(
            f"tickets cannot be valid until {valid_until}, which is over",
            remedy="give the last day of the course with --until",
        )
    if (folder / CLASS_FILE).exists():
        raise UsageError(
            f"{folder} has a class already",
            remedy="its key signs its tickets, so it is left as it is; name"
            " another folder with --folder",
        )
    with explaining(
        f"could not create the class in {folder}",
        "name another folder with --folder",
    ):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / _TICKETS).mkdir(mode=0o700, exist_ok=True)
        if not (folder / ".gitignore").exists():
            write_atomically(folder / ".gitignore", _IGNORED)
        key = public_hex(key_in(folder / _KEY_FILE))
        made = Class(folder, course, today(), valid_until, key)
        write_atomically(folder / CLASS_FILE, _text(made))
    return made


def open_class(folder: Path) -> Class:
    """Return the class in a folder.

    Raises:
        UsageError: there is none, or all that is wrong with its class.yml.

    """
    file = folder / CLASS_FILE
    if not file.is_file():
        raise UsageError(
            f"{folder} is no folder of a class: it has no {CLASS_FILE}",
            remedy="name the folder that `lab class new` made with --class",
        )
    values = read_model(file, _ClassFile, _PATTERNS)
    return Class(folder, **dict(values))


def _text(made: Class) -> str:
    fields = {
        "course": made.course,
        "created": made.created,
        "valid_until": made.valid_until,
        "key": made.key,
    }
    return (
        "# A class of `lab class`. After another day in valid_until, run\n"
        "# `lab class roster` again: tickets keep their numbers.\n"
        + yaml.safe_dump(fields, sort_keys=False, allow_unicode=True)
    )
