"""The journal of a run: one line for each start, hint, grade and reset.

Each line has the SHA-256 of the line before, so that a line that was changed
or removed shows. No line names the fault before it is solved or given up,
because a student may read the file.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from graders.errors import MALFORMED, CannotCheck
from graders.providers.registry import provider

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graders.plan.plan import Plan
    from graders.state.lab_state import State

START: Final = "start"
HINT: Final = "hint"
GRADE: Final = "grade"
RESET: Final = "reset"
GIVE_UP: Final = "give-up"
SUBMIT: Final = "submit"
EVENTS: Final = (START, HINT, GRADE, RESET, GIVE_UP, SUBMIT)

_FILE: Final = "journal"
# Bytes of the file: some two thousand grades.
_LIMIT: Final = 900_000


@dataclass(frozen=True)
class Entry:
    """One line; `before` is the digest of the line before, "" in the first."""

    n: int
    time: str
    event: str
    lab: str
    run: str
    data: dict[str, Any]
    before: str


def read(plan: Plan) -> str:
    """Return the text of the running lab's journal, "" if there is none.

    Raises:
        CannotCheck: it is out of reach.

    """
    return provider().state_files(plan).read(_FILE) or ""


def begin(plan: Plan, state: State, data: Mapping[str, Any]) -> None:
    """Begin the journal of a run that has just started.

    Raises:
        CannotCheck: it cannot be written.

    """
    _write(plan, with_line("", state, START, data))


def append(
    plan: Plan, state: State, event: str, data: Mapping[str, Any]
) -> None:
    """Add a line about what was done.

    Raises:
        CannotCheck: it cannot be written, or is full.

    """
    text = read(plan)
    if len(text) > _LIMIT:
        raise CannotCheck(
            f"the journal of this run is full ({_LIMIT // 1000} KB)",
            remedy="`lab start` begins another one",
        )
    _write(plan, with_line(text, state, event, data))


def restore(plan: Plan, text: str) -> None:
    """Write a journal back that was lost with the lab's state.

    Raises:
        CannotCheck: it cannot be written.

    """
    if text and not read(plan):
        _write(plan, text)


def with_line(
    text: str, state: State, event: str, data: Mapping[str, Any]
) -> str:
    """Return a journal's text with one more line."""
    lines = _lines(text)
    entry = Entry(
        n=len(lines),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        event=event,
        lab=state.lab,
        run=state.run,
        data=dict(data),
        before=_digest(lines[-1]) if lines else "",
    )
    return "\n".join([*lines, json.dumps(asdict(entry)), ""])


def parse(text: str) -> tuple[Entry, ...]:
    """Return the lines of a journal; their chain is not looked at.

    Raises:
        ValueError: a line is malformed; the message has its number.

    """
    return tuple(
        _entry(number, line)
        for number, line in enumerate(_lines(text), start=1)
    )


def chain_problems(text: str) -> list[str]:
    """Return where a journal is not as the kit has written it."""
    try:
        entries = parse(text)
    except ValueError as error:
        return [str(error)]
    return [*_broken(entries, _lines(text))]


def _broken(entries: tuple[Entry, ...], lines: list[str]) -> Iterator[str]:
    before, earlier = "", ""
    for at, (entry, line) in enumerate(zip(entries, lines, strict=True)):
        if entry.n != at:
            yield f"line {at + 1}: expected number {at}, not {entry.n}"
        if entry.before != before:
            yield (
                f"line {at + 1} does not follow from the line before, which"
                " was changed, added or removed"
            )
        if entry.time < earlier:
            yield f"line {at + 1} is earlier than the line before"
        before, earlier = _digest(line), entry.time


def _entry(number: int, line: str) -> Entry:
    try:
        entry = Entry(**json.loads(line))
        fields = asdict(entry)
        right = all(type(fields[name]) is kind for name, kind in _TYPES)
        if right and entry.event in EVENTS:
            # So that times can be compared as texts.
            time = datetime.fromisoformat(entry.time)
            right = time.isoformat(timespec="seconds") == entry.time
            right = right and time.utcoffset() == UTC.utcoffset(None)
            if right:
                return entry
    except MALFORMED:
        pass
    raise ValueError(f"line {number} is no line of a journal")


_TYPES: Final = (
    ("n", int),
    ("time", str),
    ("event", str),
    ("lab", str),
    ("run", str),
    ("data", dict),
    ("before", str),
)


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line]


def _digest(line: str) -> str:
    return sha256(line.encode(errors="surrogatepass")).hexdigest()


def _write(plan: Plan, text: str) -> None:
    provider().state_files(plan).write(_FILE, text)
