"""What a journal says of a student's work, whatever is in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from graders.classroom.work import summarise
from graders.state.journal import Entry

BEGUN = datetime(2026, 11, 30, 9, tzinfo=UTC)


def entry(minute: float, event: str, **data: Any) -> Entry:  # noqa: ANN401 - JSON
    """Return a line of a journal."""
    time = (BEGUN + timedelta(minutes=minute)).isoformat(timespec="seconds")
    return Entry(0, time, event, "lab-1", "r", data, "")


def grade(minute: float, *failed: str) -> Entry:
    """Return the line of a grade."""
    layer = "allocation" if failed else None
    return entry(
        minute,
        "grade",
        failed=list(failed),
        solved=not failed,
        first_broken_layer=layer,
    )


def test_a_run() -> None:
    """Attempts, hints and minutes are counted until it is solved."""
    work = summarise(
        [
            entry(0, "start"),
            grade(5, "vip", "http"),
            entry(7, "hint", number=1, check="vip"),
            grade(15, "http"),
            grade(25),
            grade(55),
        ]
    )

    assert (work.attempts, work.hints, work.minutes) == (4, 1, 25)
    assert work.failing == {"http": 20 * 60, "vip": 10 * 60}
    assert work.hints_read == {"vip": 1}
    assert work.tries == {"vip": 1, "http": 1}
    assert work.first_broken_layer == ""


def test_a_break_is_no_work() -> None:
    """Half an hour of a night is counted."""
    work = summarise([entry(0, "start"), grade(600, "vip")])

    assert work.minutes == 30
    assert work.first_broken_layer == "allocation"


def test_giving_up() -> None:
    """The solution was shown."""
    assert summarise([entry(0, "start"), entry(1, "give-up")]).gave_up


def test_whatever_a_student_wrote() -> None:
    """Times may run backwards, and names be anything."""
    work = summarise(
        [
            entry(9, "start"),
            entry(5, "grade", failed=[7, "x" * 500], solved="yes"),
            entry(6, "grade", failed="vip", first_broken_layer=["a"]),
            entry(7, "hint", check={"a": 1}),
        ]
    )

    assert work.attempts == 2
    assert len("".join(work.failing)) <= 60
    assert work.first_broken_layer == ""


def test_an_empty_journal() -> None:
    """Nothing was done."""
    assert summarise([]).attempts == 0
