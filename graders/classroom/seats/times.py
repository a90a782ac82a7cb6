"""Lessons and exams of a class, and what they allow.

Without any, seats are open at all times. With them, a lab can be
started, graded and changed while a lesson or exam has it; before the first of
them it is not given out yet, and afterwards a student can look and hand in.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from graders.errors import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

# Verbs that change or judge a lab, and those that give away its repair.
_WORK: Final = frozenset(
    ("start", "grade", "reset", "hint", "shell", "watch", "on")
)
_GIVE_AWAY: Final = frozenset(("hint", "solution", "debrief", "quiz"))
NAME: Final = r"^[^\W_][\w .-]{0,39}$"
PATTERNS: Final = {NAME: "1 to 40 letters, digits, spaces, . and -"}
_LAB: Final = re.compile(r"(?:lab-)?(0|[1-9][0-9]{0,3})(?:-[a-z0-9-]*)?")
_LONGEST: Final = timedelta(days=366)
_DAY_MINUTES: Final = 24 * 60
_YEARS: Final = range(2000, 2200)


def _moment(value: object) -> object:
    """Return the moment that a text says; YAML reads some by itself."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _with_offset(value: datetime) -> datetime:
    """Expect an offset: the clocks of machines may be those of elsewhere."""
    if value.utcoffset() is None or value.year not in _YEARS:
        raise ValueError("expected a moment as 2027-01-11 09:00+01:00")
    return value


_Moment: TypeAlias = Annotated[
    datetime, BeforeValidator(_moment), AfterValidator(_with_offset)
]
_Minutes: TypeAlias = Annotated[int, Field(ge=1, le=_DAY_MINUTES)]


class Session(BaseModel):
    """A lesson or an exam; `extensions` are minutes by student."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    name: Annotated[str, StringConstraints(pattern=NAME)]
    kind: Literal["lesson", "exam"] = "lesson"
    begin: _Moment
    end: _Moment
    labs: Annotated[
        list[Annotated[int, Field(ge=0, le=9999)]], Field(min_length=1)
    ]
    extensions: dict[str, _Minutes] = {}

    @model_validator(mode="after")
    def _expect_order(self) -> Session:
        """Expect the end after the begin."""
        if not self.begin < self.end <= self.begin + _LONGEST:
            raise ValueError("end must come after begin, within a year")
        return self

    def end_for(self, student: str) -> datetime:
        """Return when it ends for a student."""
        return self.end + timedelta(minutes=self.extensions.get(student, 0))

    @property
    def last_end(self) -> datetime:
        """The end for the student who has longest."""
        return self.end + timedelta(
            minutes=max(self.extensions.values(), default=0)
        )

    def runs(self, student: str, now: datetime) -> bool:
        """Return whether a student is in it."""
        return self.begin <= now < self.end_for(student)


class Times(BaseModel):
    """All sessions of a class; with none, seats are always open."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    sessions: list[Session] = []

    def refusal(
        self, student: str, verb: str, lab: str, now: datetime
    ) -> str | None:
        """Return why a student may not use a verb now, None if allowed.

        `lab` is the lab that it is about, as a student may write it: "3",
        "lab-3" or its id; "" if there is none. `now` has an offset.
        """
        if not self.sessions or verb not in _WORK | _GIVE_AWAY:
            return None
        exam = self._running_exam(student, now)
        if exam and verb in _GIVE_AWAY:
            return f"{exam.name} is an exam: there is no {verb} before its end"
        if not lab:
            return self._closed(student, verb, now)
        number = _number(lab)
        if number is None:
            return f"there is no lab {one_line(lab, 40)}"
        if exam and number not in exam.labs:
            return f"{exam.name} is an exam: only {_labs(exam)} can be used"
        return self._lab_refusal(student, verb, number, now)

    def _running_exam(self, student: str, now: datetime) -> Session | None:
        return next(
            (
                it
                for it in self.sessions
                if it.kind == "exam" and it.runs(student, now)
            ),
            None,
        )

    def _closed(self, student: str, verb: str, now: datetime) -> str | None:
        """Return why there is no work on any lab now."""
        if verb not in _WORK or any(
            it.runs(student, now) for it in self.sessions
        ):
            return None
        return _outside(self.sessions, student, now)

    def _lab_refusal(
        self, student: str, verb: str, number: int, now: datetime
    ) -> str | None:
        with_lab = [it for it in self.sessions if number in it.labs]
        if not with_lab:
            return f"lab {number} is in no lesson of this class"
        first = min(it.begin for it in with_lab)
        if now < first:
            return f"lab {number} is given out at {shown(first)}"
        if verb in _WORK:
            if any(it.runs(student, now) for it in with_lab):
                return None
            return _outside(with_lab, student, now)
        # Others may still be working on it.
        for it in with_lab:
            if it.kind == "exam" and it.begin <= now < it.last_end:
                return (
                    f"there is no {verb} of lab {number} before everyone's"
                    f" end of {it.name}, {shown(it.last_end)}"
                )
        return None


def shown_session(session: Session, now: datetime) -> str:
    """Return a session in a line."""
    if now < session.begin:
        state = "to come"
    elif now < session.last_end:
        state = "open"
    else:
        state = "over"
    more = ", ".join(f"{who} +{n}" for who, n in session.extensions.items())
    return (
        f"{session.name} ({session.kind}, {state}): {shown(session.begin)}"
        f" to {shown(session.end)}, {_labs(session)}"
        + (f"; minutes more: {more}" if more else "")
    )


def _outside(sessions: Iterable[Session], student: str, now: datetime) -> str:
    """Return when work is possible again, or that it is over."""
    coming = sorted(it.begin for it in sessions if it.begin > now)
    if coming:
        return f"the next lesson begins at {shown(coming[0])}"
    last = max(sessions, key=lambda it: it.end_for(student))
    return (
        f"{last.name} ended at {shown(last.end_for(student))}; you can still"
        " look, and `lab submit` hands in what you have"
    )


def _number(lab: str) -> int | None:
    """Return a lab's number; None for what is no lab's name."""
    found = _LAB.fullmatch(lab)
    return int(found[1]) if found else None


def _labs(session: Session) -> str:
    what = "lab" if len(session.labs) == 1 else "labs"
    return f"{what} {', '.join(map(str, session.labs))}"


def shown(moment: datetime) -> str:
    """Return a moment as people read it, and as the file has it."""
    return moment.isoformat(sep=" ", timespec="minutes")
