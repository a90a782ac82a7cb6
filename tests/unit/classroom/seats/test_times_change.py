"""Lessons and exams are added, changed and removed as they are typed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from graders.classroom.seats.times import Times
from graders.classroom.seats.times_change import Change, change
from graders.errors import UsageError

LESSON = Change("2027-01-11 09:00+01:00", "2027-01-11 10:30+01:00", "1, lab-2")
CLASS = ("ada", "bob")


def _with_lesson() -> Times:
    return change(Times(), "lesson 1", LESSON, CLASS)


def test_add() -> None:
    """Labs are numbers, however they are written."""
    lesson = _with_lesson().sessions[0]

    assert lesson.kind == "lesson"
    assert lesson.labs == [1, 2]
    assert lesson.end - lesson.begin == timedelta(minutes=90)


def test_local_clock() -> None:
    """A moment without an offset is that of the teacher's computer."""
    wanted = Change("2027-07-11 09:00", "10:30", "1", exam=True)
    exam = change(Times(), "exam", wanted, CLASS).sessions[0]

    assert exam.begin == datetime(2027, 7, 11, 9, 0).astimezone()
    assert exam.end - exam.begin == timedelta(minutes=90)
    assert exam.kind == "exam"


def test_change() -> None:
    """Only what is named changes; the end may be a time of the day."""
    longer = Change(end="11:00+01:00", extend=("ada=20",))
    times = change(_with_lesson(), "lesson 1", longer, CLASS)
    times = change(times, "lesson 1", Change(extend=("bob=5",)), CLASS)

    lesson = times.sessions[0]
    assert lesson.end - lesson.begin == timedelta(minutes=120)
    assert lesson.extensions == {"ada": 20, "bob": 5}
    assert lesson.labs == [1, 2]


def test_remove_and_order() -> None:
    """Others stay, and are in order of their begins."""
    earlier = Change("2027-01-10 09:00+01:00", "10:00+01:00", "0")
    times = change(_with_lesson(), "first", earlier, CLASS)
    assert [it.name for it in times.sessions] == ["first", "lesson 1"]

    times = change(times, "first", Change(remove=True), CLASS)
    assert [it.name for it in times.sessions] == ["lesson 1"]


@pytest.mark.parametrize(
    ("name", "wanted", "problem"),
    [
        ("x", Change(end="10:00"), "no lesson or exam 'x'; there are: less"),
        ("x", Change(remove=True), "no lesson or exam 'x'"),
        ("lesson 1", Change(begin="9 am"), "--begin must be a moment as"),
        ("lesson 1", Change(end="25:00"), "--end must be a moment as"),
        ("lesson 1", Change(end="08:00+01:00"), "end must come after begin"),
        ("lesson 1", Change(labs="99"), "lab must be one of"),
        ("lesson 1", Change(extend=("ada",)), "STUDENT=MINUTES as ada=20"),
        ("lesson 1", Change(extend=("eve=5",)), "there is no student eve"),
        ("lesson 1", Change(extend=("ada=9999",)), "must be 1440 or less"),
        ("", LESSON, "name must be 1 to 40"),
    ],
)
def test_mistakes(name: str, wanted: Change, problem: str) -> None:
    """What is expected is said."""
    with pytest.raises(UsageError, match=problem):
        change(_with_lesson(), name, wanted, CLASS)
