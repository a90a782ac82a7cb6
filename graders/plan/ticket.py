"""Class tickets: what is in one, and the one that a student has installed.

A ticket is a DSSE envelope whose payload a teacher has signed. Here only its
form is read; `graders.classroom.tickets` signs it and verifies that.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, fields
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graders.errors import MALFORMED, UsageError
from graders.files import read_text
from graders.plan.networks import DEMO, check_student
from graders.settings import TICKET_SUFFIX, ticket_dir, ticket_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PAYLOAD_TYPE: Final = "application/vnd.metallb-lab-kit.ticket+json"
VERSION: Final = 1
# Bytes of a ticket: it has less than one.
LIMIT: Final = 16 * 1024
NONCE: Final = re.compile(r"[0-9a-f]{16}")
_KEY: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST: Final = 200


@dataclass(frozen=True)
class Ticket:
    """Who is in which course, and until when.

    `nonce` makes the numbers and faults of this course differ from those of
    any other. `key` is the public key of the course in hexadecimal digits.
    `issued` and `valid_until` are days, the last one included.
    """

    course: str
    student: str
    name: str
    nonce: str
    issued: date
    valid_until: date
    key: str

    def to_document(self) -> dict[str, Any]:
        """Return the payload of the envelope."""
        values = {name: str(value) for name, value in vars(self).items()}
        return {"version": VERSION, **values}


def parse_ticket(text: str) -> Ticket:
    """Return the ticket in an envelope; its signature is not looked at.

    Raises:
        ValueError: all that is wrong with its form.

    """
    try:
        envelope = json.loads(text)
        if envelope["payloadType"] != PAYLOAD_TYPE:
            raise ValueError("it is a signed file of another kind")
        payload = base64.b64decode(envelope["payload"], validate=True)
        values = json.loads(payload)
        version = values["version"]
    except (*MALFORMED, binascii.Error) as error:
        detail = str(error) if type(error) is ValueError else ""
        raise ValueError(detail or "it has not the form of a ticket") from None
    if version != VERSION:
        raise ValueError("it is for another version of the kit")
    if problems := list(_problems(values)):
        raise ValueError("; ".join(problems))
    days = {
        name: date.fromisoformat(values[name])
        for name in ("issued", "valid_until")
    }
    known = {one.name: values[one.name] for one in fields(Ticket)}
    return Ticket(**(known | days))


def installed_text(student: str) -> str | None:
    """Return the envelope of a student's installed ticket, None without one.

    Raises:
        UsageError: it cannot be read.

    """
    file = ticket_file(student)
    try:
        return read_text(file, LIMIT)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise _damaged(student, error) from None


def installed_ticket(student: str) -> Ticket | None:
    """Return a student's installed ticket, None without one.

    Raises:
        UsageError: it is damaged, or another student's.

    """
    text = installed_text(student)
    if text is None:
        return None
    try:
        ticket = parse_ticket(text)
    except ValueError as error:
        raise _damaged(student, error) from None
    if ticket.student != student:
        raise _damaged(student, ValueError(f"it is of {ticket.student}"))
    return ticket


def installed_nonce(student: str) -> str:
    """Return the nonce for a new lab of this student, "" without a ticket.

    Raises:
        UsageError: as `installed_ticket`.

    """
    ticket = installed_ticket(student)
    return ticket.nonce if ticket else ""


def students_with_tickets() -> list[str]:
    """Return the students who have an installed ticket, in order."""
    files = ticket_dir().glob(f"*{TICKET_SUFFIX}")
    return sorted(
        file.name.removesuffix(TICKET_SUFFIX)
        for file in files
        if not file.name.startswith(".")
    )


def _damaged(student: str, error: Exception) -> UsageError:
    cause = error.strerror if isinstance(error, OSError) else str(error)
    return UsageError(
        f"the installed ticket of {student} ({ticket_file(student)}) cannot"
        f" be used: {cause}",
        remedy="`lab ticket FILE` installs the one that your teacher gave you"
        " again; `lab ticket --remove` goes on without",
    )


def _problems(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the fields of a payload."""
    for name in (one.name for one in fields(Ticket)):
        value = values.get(name)
        if not isinstance(value, str):
            yield f"{name} is missing"
        elif problem := _problem(name, value):
            yield problem


def _problem(name: str, value: str) -> str:
    """Return what is wrong with a field, or ""."""
    if len(value) > _LONGEST or not value.isprintable():
        return f"{name} must be one line of at most {_LONGEST} characters"
    rule = _RULES.get(name)
    return rule(value) if rule else ""


def _student_problem(value: str) -> str:
    try:
        check_student(value)
    except UsageError as error:
        return error.problems[0]
    return f"student must not be {DEMO}" if value == DEMO else ""


def _day_problem(value: str) -> str:
    try:
        date.fromisoformat(value)
    except ValueError:
        return f"a day must be written as 2027-01-31, not {value}"
    return ""


def _digits_problem(name: str, form: re.Pattern[str], value: str) -> str:
    if form.fullmatch(value):
        return ""
    return f"{name} must have the form {form.pattern}"


# By field, what returns the problem of a value, or "".
_RULES: Final[dict[str, Callable[[str], str]]] = {
    "student": _student_problem,
    "issued": _day_problem,
    "valid_until": _day_problem,
    "nonce": partial(_digits_problem, "nonce", NONCE),
    "key": partial(_digits_problem, "key", _KEY),
}
