"""What the board knows of a student in a lab, and who needs help first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from graders.classroom.board.message import Event
from graders.classroom.board.rows import (
    EARLIER_S,
    IDLE_S,
    OTHER_LABS,
    Row,
    apply,
    counts,
    need,
    state,
)
from tests.paper_class import LAB, event

if TYPE_CHECKING:
    from collections.abc import Sequence

OTHER = "lab-1-pending-service"


def _after(*events: tuple[float, dict[str, Any]]) -> dict[str, Row]:
    """Return the rows of ada after events at times."""
    rows: dict[str, Row] = {}
    for time, fields in events:
        changed = apply(rows, "ada", Event.model_validate(fields), time)
        rows |= {row.lab: row for row in changed}
    return rows


def _grade(layer: str = "", points: int = 0, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return event("grade", layer=layer, points=points, total=100, **more)


def test_counts_of_a_run() -> None:
    """Attempts and hints are what the last events say; a start resets them."""
    told = [
        (1.0, event("start")),
        (2.0, event("hint", hints=1)),
        (3.0, _grade("route", 40, attempt=2, hints=1)),
    ]

    row = _after(*told)[LAB]
    assert (row.attempts, row.hints, row.layer) == (2, 1, "route")
    assert (row.points, row.total, row.last) == (40, 100, 3)
    again = _after(*told, (9.0, event("start", run="r2")))[LAB]
    assert (again.attempts, again.hints, again.layer) == (0, 0, "")
    assert again.since == 9


@pytest.mark.parametrize(
    ("grades", "since"),
    [
        ([("route", 40)], 10),
        ([("route", 40), ("route", 40)], 10),
        ([("route", 40), ("route", 50)], 20),
        ([("route", 40), ("policy", 40)], 20),
        ([("route", 40), ("allocation", 30), ("route", 40)], 10),
        ([("route", 40), ("", 100)], 20),
    ],
)
def test_progress(grades: Sequence[tuple[str, int]], since: float) -> None:
    """More points than ever, or a later layer than ever, is progress."""
    told = [
        (10.0 * (n + 1), _grade(*one, solved=one[1] == 100))
        for n, one in enumerate(grades)
    ]

    assert _after((0.0, event("start")), *told)[LAB].since == since


def test_nothing_failed_but_not_all_was_checked() -> None:
    """It is no progress by itself."""
    rows = _after((1.0, _grade("route", 40)), (2.0, _grade("", 40)))

    assert (rows[LAB].since, rows[LAB].layer) == (1, "")


def test_late_events_change_nothing() -> None:
    """An event of before that comes after a later one is only stored."""
    rows = _after(
        (5.0, _grade("policy", 80, attempt=3)),
        (4.0, _grade("route", 40, attempt=2)),
        (3.0, event("start")),
    )

    assert (rows[LAB].layer, rows[LAB].attempts) == ("policy", 3)


def test_one_hand() -> None:
    """It goes up in the lab of the last question, and down in all."""
    up = [
        (1.0, event("help", text="first")),
        (2.0, event("help", text="second", lab=OTHER)),
    ]

    rows = _after(*up)
    assert [rows[lab].hand for lab in (LAB, OTHER)] == ["", "second"]
    assert rows[OTHER].raised == 2
    rows = _after(*up, (3.0, event("done", lab="")))
    assert [row.raised for row in rows.values()] == [0, 0]
    assert set(rows) == {LAB, OTHER}


def test_a_hand_outlives_a_start_and_a_pass() -> None:
    """Only the student or the teacher takes it down, and not from before."""
    rows = _after(
        (5.0, event("help", text="why?")),
        (6.0, event("start", run="r2")),
        (7.0, _grade("", 100, solved=True, run="r2")),
        (4.0, event("done")),
    )

    assert rows[LAB].hand == "why?"


def _row(student: str = "ada", lab: str = LAB, **fields: Any) -> Row:  # noqa: ANN401 - any field
    times: dict[str, Any] = {"since": 0, "last": 0}
    return Row(student, lab, **(times | fields))


@pytest.mark.parametrize(
    ("row", "newest", "now", "expected"),
    [
        (_row(), 0, 60, "working"),
        (_row(), 0, IDLE_S + 1, "idle"),
        (_row(), 9, 60, "left"),
        (_row(solved=True), 9, 60, "solved"),
        (_row(solved=True), 0, EARLIER_S + 1, "earlier"),
        (_row(), 0, EARLIER_S + 1, "earlier"),
    ],
)
def test_state(row: Row, newest: float, now: float, expected: str) -> None:
    """At work, silent, in another lab, done, or of an earlier lesson."""
    assert state(row, newest, now) == expected


def test_who_comes_first() -> None:
    """Hands by age, then the longest time without progress."""
    now = 4000.0
    rows = [
        _row(student="solved", last=4000, solved=True),
        _row(student="fresh", since=3900, last=3990),
        _row(student="idle", since=1, last=100),
        _row(student="stuck", since=500, last=3990),
        _row(student="late hand", raised=3000, last=3000),
        _row(student="early hand", raised=2000, last=2000),
        _row(student="other computer", since=3990, last=3500),
    ]

    keys = {
        row.student: need(
            row,
            state(row, row.last, now),
            waiting=row.student == "other computer",
        )
        for row in rows
    }
    assert sorted(keys, key=lambda name: keys[name]) == [
        *("early hand", "late hand", "other computer"),
        *("stuck", "fresh", "idle", "solved"),
    ]


def test_counts() -> None:
    """No name is in them; who went on counts once, earlier lessons never."""
    found = counts(
        [
            (_row(layer="route"), "working"),
            (_row(student="grace", layer="route", raised=1), "idle"),
            (_row(student="alan"), "working"),
            (_row(student="joan", solved=True), "solved"),
            (_row(student="joan", lab=OTHER, layer="policy"), "left"),
            (_row(student="mary", layer="route"), "earlier"),
            (_row(student="new", lab="", raised=2), "working"),
            (_row(student="eve", lab="lab-1-rude-words"), "working"),
        ],
        {LAB, OTHER},
    )

    assert found == {
        "labs": {
            LAB: {"route": 2, "begun": 1, "solved": 1},
            # What a student made up is not shown to the class.
            OTHER_LABS: {"begun": 1},
        },
        "hands": 2,
    }
