"""Rows of the board: a student's progress in a lab, sorted by need."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from graders.course.lab import LAYERS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from graders.classroom.board.message import Event

# Without an event for so long, a student is no longer at work.
IDLE_S: Final = 45 * 60
# And for so long, the lab is of an earlier lesson.
EARLIER_S: Final = 12 * 3600

OTHER_LABS: Final = "other labs"

State: TypeAlias = Literal["working", "idle", "left", "solved", "earlier"]
_ORDER: Final[tuple[State, ...]] = (
    *("working", "idle", "left"),
    *("solved", "earlier"),
)


@dataclass(frozen=True)
class Row:
    """A student in a lab.

    `since` is the time of the last progress, `last` that of the last event.
    `furthest` and `best` are the layer and points that were reached in this
    run, -1 before its first grade. `hand` is what the student asks, since
    `raised`; 0 if the hand is down.
    """

    student: str
    lab: str
    since: float
    last: float
    run: str = ""
    attempts: int = 0
    hints: int = 0
    layer: str = ""
    points: int = 0
    total: int = 0
    solved: bool = False
    best: int = -1
    furthest: int = -1
    hand: str = ""
    raised: float = 0


def apply(
    rows: dict[str, Row], student: str, event: Event, time: float
) -> list[Row]:
    """Return the rows of a student, by lab, that an event changes.

    A student has one hand: it goes up in one lab, and down in all.
    """
    changed = []
    if event.event in {"help", "done"}:
        changed = [
            replace(row, hand="", raised=0)
            for row in rows.values()
            if row.raised and row.raised <= time
        ]
    if event.event == "done":
        return changed
    others = [row for row in changed if row.lab != event.lab]
    return [*others, _after(rows.get(event.lab), student, event, time)]


def _after(row: Row | None, student: str, event: Event, time: float) -> Row:
    """Return the row of the event's lab as it is after it.

    An event that comes late, after a later one, changes nothing.
    """
    if row is None:
        row = Row(student, event.lab, since=time, last=time)
    if time < row.last:
        return row
    row = replace(row, last=time)
    if event.event == "help":
        return replace(row, hand=event.text, raised=time)
    if event.event == "start" or (event.run and event.run != row.run):
        row = _restarted(row, event, time)
    row = replace(row, hints=max(row.hints, event.hints))
    return _graded(row, event, time) if event.event == "grade" else row


def _restarted(row: Row, event: Event, time: float) -> Row:
    """Return a row of a new run; a raised hand stays up."""
    new = Row(row.student, row.lab, since=time, last=time, run=event.run)
    return replace(new, hand=row.hand, raised=row.raised)


def _graded(row: Row, event: Event, time: float) -> Row:
    """Return the row after a grade.

    Progress is more points than ever in this run, or a first broken layer
    that comes later than ever.
    """
    furthest = len(LAYERS)
    if event.layer:
        furthest = LAYERS.index(event.layer)
    elif not event.solved:
        furthest = row.furthest  # nothing failed, but not all was checked
    progress = event.points > row.best or furthest > row.furthest
    return replace(
        row,
        attempts=max(row.attempts, event.attempt),
        layer=event.layer,
        points=event.points,
        total=event.total,
        solved=event.solved or row.solved,
        best=max(row.best, event.points),
        furthest=max(row.furthest, furthest),
        since=time if progress else row.since,
    )


def state(row: Row, newest: float, now: float) -> State:
    """Return whether a student is at work in a lab.

    `newest` is the time of the student's last event in any lab: who has gone
    on to another lab has left this one.
    """
    if now - row.last > EARLIER_S:
        return "earlier"
    if row.solved:
        return "solved"
    if row.last < newest:
        return "left"
    return "idle" if now - row.last > IDLE_S else "working"


def need(row: Row, at: State, *, waiting: bool) -> tuple[int, float]:
    """Return a key to sort by: who needs help most comes first.

    Raised hands, and computers that are `waiting` for the teacher, in the
    order in which they were raised; those at work by the time without
    progress; then who has not been heard from, who went on to another lab,
    who has solved it, and earlier labs.
    """
    if row.raised or waiting:
        return 0, row.raised or row.last
    if at == "working":
        return 1, row.since
    return 1 + _ORDER.index(at), -row.last


def counts(
    rows: Iterable[tuple[Row, State]], known: Collection[str]
) -> dict[str, Any]:
    """Return how many students are where, by lab and without names.

    Labs that are not `known` are one: their names are what a student wrote,
    and the whole class reads this.
    """
    labs: dict[str, dict[str, int]] = {}
    hands = 0
    for row, at in rows:
        hands += bool(row.raised)
        if at in {"left", "earlier"} or not row.lab:
            continue
        lab = row.lab if row.lab in known else OTHER_LABS
        places = labs.setdefault(lab, {})
        place = "solved" if row.solved else row.layer or "begun"
        places[place] = places.get(place, 0) + 1
    return {"labs": dict(sorted(labs.items())), "hands": hands}
