"""Draw an outage as a timeline of text, which needs no colour."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from graders.probes.outage import EventKind, Outage

# Seconds that a column may stand for; several requests fall into each.
_STEPS: Final = (0.5, 1, 2, 5, 10, 30, 60)
_COLUMNS_PER_TICK: Final = 10
_LABEL: Final = 11
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_KINDS: Final[dict[EventKind, str]] = {
    "silent": "{} is cut off",
    "taken-over": "{} answers ARP instead",
    "hop-dropped": "the router has dropped the next hop {}",
    "back": "{} is back",
    "hop-restored": "the router has the next hop {} again",
}


class Line(NamedTuple):
    """A line, and how a terminal with colours shows it."""

    text: str
    style: str = ""


class Mark(NamedTuple):
    """An event: its letter, its column, its second and its words."""

    letter: str
    column: int
    seconds: float
    text: str


class Tick(NamedTuple):
    """A column of the axis, and its second."""

    column: int
    seconds: float


@dataclass(frozen=True)
class Timeline:
    """An outage in `width` columns of `step` seconds.

    A column may have requests that were answered, and others that were lost.
    Seconds count from the moment in which the node was cut off, or from the
    first request where that is not known.
    """

    step: float
    width: int
    answered: frozenset[int]
    lost: frozenset[int]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]


def timeline(outage: Outage, columns: int) -> Timeline:
    """Return an outage in at most `columns` columns."""
    events = outage.events
    zero = next((e.seconds for e in events if e.kind == "silent"), 0.0)
    times = [time for time, _ in outage.samples]
    times += [event.seconds for event in events]
    low, high = min(times, default=0.0) - zero, max(times, default=0.0) - zero
    step = next(
        (one for one in _STEPS if (high - low) / one < columns - 1),
        (high - low + 1) / (columns - 1),
    )
    first = floor(low / step)

    def column(seconds: float) -> int:
        return floor((seconds - zero) / step) - first

    width = column(high + zero) + 1
    return Timeline(
        step,
        width,
        frozenset(map(column, outage.answered)),
        frozenset(map(column, outage.lost)),
        tuple(
            Mark(
                letter,
                column(event.seconds),
                event.seconds - zero,
                _KINDS[event.kind].format(event.node),
            )
            for letter, event in zip(_LETTERS, events, strict=False)
        ),
        tuple(
            Tick(at, (at + first) * step)
            for at in range(width)
            if (at + first) % _COLUMNS_PER_TICK == 0
        ),
    )


def chart(outage: Outage, width: int) -> list[Line]:
    """Return lines of at most `width` characters."""
    line = timeline(outage, width - _LABEL)
    return [
        Line(f"Requests to {outage.url}, a column is {line.step:g} s:"),
        _named("answered", _row(line, line.answered, "="), "green"),
        _named("lost", _row(line, line.lost, "x"), "red"),
        _named("", _letters(line)),
        _named("seconds", _axis(line)),
        *map(Line, _legend(line)),
    ]


def _named(name: str, row: str, style: str = "") -> Line:
    return Line(f"{name:{_LABEL}}{row}".rstrip(), style)


def _row(line: Timeline, columns: Collection[int], mark: str) -> str:
    return "".join(mark if at in columns else " " for at in range(line.width))


def _letters(line: Timeline) -> str:
    """Return the events' letters; one whose column is taken is moved."""
    row = ""
    for mark in line.marks:
        row = f"{row:<{mark.column}}{mark.letter}"
    return row


def _axis(line: Timeline) -> str:
    row = ""
    for tick in line.ticks:
        row = f"{row:<{tick.column}}{tick.seconds:g}"
    return row


def _legend(line: Timeline) -> Iterator[str]:
    for mark in line.marks:
        yield f"{mark.letter:>3} {mark.seconds:5.1f} s  {mark.text}"
