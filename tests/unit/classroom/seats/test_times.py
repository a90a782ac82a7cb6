"""Lessons and exams: who may do what, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.classroom.seats.times import Session, Times, shown_session
from graders.classroom.seats.times_file import read_times
from tests.classes import LESSONS

if TYPE_CHECKING:
    from pathlib import Path

WORK = ("start", "grade", "reset", "hint", "shell", "watch", "on")
LOOK = ("status", "brief", "list", "progress", "help", "ticket", "submit")


def _at(text: str) -> datetime:
    """Return a moment in the class's own time zone."""
    return datetime.fromisoformat(f"2027-{text}+01:00")


@pytest.fixture
def times(tmp_path: Path) -> Times:
    """Return two lessons and an exam."""
    file = tmp_path / "times.yml"
    file.write_text(LESSONS, "utf-8")
    return read_times(file)


def test_no_file(tmp_path: Path) -> None:
    """Seats are open, and no lab is kept back."""
    times = read_times(tmp_path / "times.yml")
    now = _at("01-01 00:00")

    assert times.refusal("ada", "start", "3", now) is None


@pytest.mark.parametrize("verb", WORK)
@pytest.mark.parametrize("lab", ["1", "lab-1", "lab-1-pending-service"])
def test_a_lesson(times: Times, verb: str, lab: str) -> None:
    """Work is possible from its begin to its end."""

    def refusal(moment: str) -> str:
        return times.refusal("ada", verb, lab, _at(moment)) or ""

    assert "is given out at 2027-01-11 09:00" in refusal("01-11 08:59")
    assert refusal("01-11 09:00") == ""
    assert refusal("01-11 10:29") == ""
    assert "lesson 1 ended at 2027-01-11 10:30" in refusal("01-11 10:30")
    assert "`lab submit`" in refusal("01-12 09:30")


@given(
    verb=st.sampled_from(LOOK),
    lab=st.sampled_from(["", "1", "3", "9"]),
    hours=st.integers(-1000, 2000),
)
def test_looking_is_always_possible(verb: str, lab: str, hours: int) -> None:
    """And so is handing in what there is."""
    exam = Session(
        name="exam",
        kind="exam",
        begin=_at("01-11 09:00"),
        end=_at("01-11 10:00"),
        labs=[1],
    )
    now = exam.begin + timedelta(hours=hours)
    assert Times(sessions=[exam]).refusal("ada", verb, lab, now) is None


def test_labs_are_given_out_in_order(times: Times) -> None:
    """A lab of the next lesson waits for it, one of both goes on then."""
    later = times.refusal("ada", "start", "3", _at("01-11 09:30"))
    assert later == "lab 3 is given out at 2027-01-12 09:00+01:00"
    between = times.refusal("ada", "grade", "2", _at("01-11 12:00"))
    assert between == "the next lesson begins at 2027-01-12 09:00+01:00"
    assert times.refusal("ada", "start", "2", _at("01-12 09:30")) is None
    never = times.refusal("ada", "start", "6", _at("01-12 09:30"))
    assert never == "lab 6 is in no lesson of this class"


def test_a_walkthrough_is_not_given_out_early(times: Times) -> None:
    """It is read from the lab's first lesson on, but not in its exam."""

    def refusal(moment: str, student: str = "bob") -> str:
        return times.refusal(student, "solution", "3", _at(moment)) or ""

    assert "is given out at" in refusal("01-11 09:30")
    assert refusal("01-12 12:00") == ""
    assert "exam is an exam: there is no solution" in refusal("02-01 09:30")
    # Ada is still working on it.
    assert "before everyone's end of exam" in refusal("02-01 10:05")
    assert refusal("02-01 10:15") == ""


def test_an_exam(times: Times) -> None:
    """It has its labs and no hints, and an extension is one student's."""
    now = _at("02-01 09:30")
    assert times.refusal("bob", "grade", "3", now) is None
    hint = times.refusal("bob", "hint", "3", now)
    assert hint == "exam is an exam: there is no hint before its end"
    other = times.refusal("bob", "start", "2", now)
    assert other == "exam is an exam: only lab 3 can be used"

    late = _at("02-01 10:14")
    assert times.refusal("ada", "grade", "3", late) is None
    assert "exam ended at 2027-02-01 10:00" in (
        times.refusal("bob", "grade", "3", late) or ""
    )
    assert times.refusal("ada", "grade", "3", late + timedelta(minutes=1))


@pytest.mark.parametrize("lab", ["../3", "0x3", "03", "lab-", "²", "x" * 999])
def test_odd_labs(times: Times, lab: str) -> None:
    """No other way to write a lab gets around its times."""
    said = times.refusal("ada", "start", lab, _at("01-11 09:30"))
    assert said
    assert said.startswith("there is no lab ")
    assert len(said) < 80


def test_without_a_lab(times: Times) -> None:
    """A shell is open while any session runs."""
    assert times.refusal("ada", "shell", "", _at("01-11 09:30")) is None
    assert times.refusal("ada", "shell", "", _at("01-11 11:00"))
    assert times.refusal("ada", "quiz", "", _at("01-11 11:00")) is None
    assert times.refusal("ada", "quiz", "", _at("02-01 09:30"))


def test_other_time_zones(times: Times) -> None:
    """The machine's clock may be that of another place."""
    now = _at("01-11 09:00").astimezone(UTC)
    assert times.refusal("ada", "start", "1", now) is None


def test_shown(times: Times) -> None:
    """A line for each, with what was extended."""
    now = _at("02-01 10:05")
    _, lesson, exam = (shown_session(it, now) for it in times.sessions)
    assert lesson == (
        "lesson 2 (lesson, over): 2027-01-12 09:00+01:00 to"
        " 2027-01-12 10:30+01:00, labs 2, 3"
    )
    assert exam == (
        "exam (exam, open): 2027-02-01 09:00+01:00 to"
        " 2027-02-01 10:00+01:00, lab 3; minutes more: ada +15"
    )
