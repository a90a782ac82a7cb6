"""Add, change and remove lessons and exams."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from graders.classroom.seats.times import PATTERNS, Session, Times
from graders.course.lab import load_lab
from graders.errors import UsageError
from graders.yamlfile import model_problem

if TYPE_CHECKING:
    from collections.abc import Collection

_EXTENSION: Final = re.compile(r"([a-z0-9-]{1,20})=([0-9]{1,4})")


@dataclass(frozen=True)
class Change:
    """What to change of a session, as texts of a command line.

    What is "" or empty stays as it is.
    """

    begin: str = ""
    end: str = ""
    labs: str = ""
    exam: bool = False
    extend: tuple[str, ...] = ()
    remove: bool = False


def change(
    times: Times, name: str, wanted: Change, students: Collection[str]
) -> Times:
    """Return times with a session that was added, changed or removed.

    Raises:
        UsageError: a text is not of its form, or there is no such session,
            lab or student.

    """
    before = next((it for it in times.sessions if it.name == name), None)
    others = [it for it in times.sessions if it is not before]
    if not before and not (wanted.begin and wanted.end and wanted.labs):
        raise unknown_session(times, name)
    if wanted.remove:
        return Times(sessions=others)
    fields: dict[str, Any] = before.model_dump() if before else {"name": name}
    if wanted.exam:
        fields["kind"] = "exam"
    if wanted.labs:
        fields["labs"] = _labs(wanted.labs)
    fields |= _moments(wanted, fields)
    more = _extensions(wanted.extend, students)
    fields["extensions"] = fields.get("extensions", {}) | more
    sessions = sorted([*others, _session(fields)], key=lambda it: it.begin)
    return Times(sessions=sessions)


def _moments(wanted: Change, fields: dict[str, Any]) -> dict[str, datetime]:
    """Return the begin and the end that are wanted."""
    found = {}
    if wanted.begin:
        found["begin"] = _moment(wanted.begin, "--begin", None)
    begin = found.get("begin", fields.get("begin"))
    if wanted.end:
        day = begin.date() if begin else None
        found["end"] = _moment(wanted.end, "--end", day)
    return found


def _moment(text: str, option: str, day: date | None) -> datetime:
    """Return a moment; without an offset, by this computer's clock."""
    try:
        if day and ":" in text[:3]:
            moment = datetime.combine(day, time.fromisoformat(text))
        else:
            moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.astimezone()
    except (ValueError, OverflowError):
        raise UsageError(
            f"{option} must be a moment as '2027-01-11 09:00', not {text!r}"
        ) from None


def _labs(text: str) -> list[int]:
    return [load_lab(it.strip()).number for it in text.split(",")]


def _extensions(
    texts: tuple[str, ...], students: Collection[str]
) -> dict[str, int]:
    """Return minutes by student."""
    found = {}
    for text in texts:
        match = _EXTENSION.fullmatch(text)
        if not match:
            raise UsageError(
                f"--extend must be STUDENT=MINUTES as ada=20, not {text!r}"
            )
        if match[1] not in students:
            raise UsageError(
                f"--extend: there is no student {match[1]} in this class"
            )
        found[match[1]] = int(match[2])
    return found


def _session(fields: dict[str, Any]) -> Session:
    try:
        return Session.model_validate(fields)
    except ValidationError as error:
        raise UsageError(
            *(
                model_problem(it, patterns=PATTERNS)
                for it in error.errors(include_url=False)
            )
        ) from None


def unknown_session(times: Times, name: str) -> UsageError:
    """Return the error that lists the sessions."""
    names = ", ".join(it.name for it in times.sessions) or "none"
    return UsageError(
        f"there is no lesson or exam {name!r}; there are: {names}",
        remedy="to add one, give --begin, --end and --labs",
    )
