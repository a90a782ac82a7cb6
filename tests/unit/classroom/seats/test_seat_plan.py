"""seats.json: written and read the same, and damage is named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from graders.classroom.seats.seat_plan import (
    Seat,
    SeatPlan,
    read_seat_plan,
    seats_file,
    write_seat_plan,
)
from graders.errors import UsageError
from tests.classes import a_class
from tests.fuzzing import FUZZ, damaged_json, read

if TYPE_CHECKING:
    from pathlib import Path

    from graders.classroom.class_folder import Class

PLAN = SeatPlan(
    "trusted",
    (Seat("ada", "room-1"), Seat("bob", "room-1"), Seat("cyd", "room-2")),
    {"room-1": 3, "room-2": 1, "room-3": 2},
    lost=("room-3",),
)
DOCUMENT: dict[str, Any] = {
    "version": 1,
    "isolation": "trusted",
    "machines": {"room-1": {"places": 2, "lost": False}},
    "seats": {"ada": "room-1"},
}


@pytest.fixture
def course(tmp_path: Path) -> Class:
    """Return a class without seats."""
    return a_class(tmp_path / "class")


def test_written_and_read(course: Class) -> None:
    """Nothing is lost."""
    write_seat_plan(course, PLAN)

    assert read_seat_plan(course) == PLAN
    assert PLAN.machines == ("room-1", "room-2")
    assert [it.student for it in PLAN.on("room-1")] == ["ada", "bob"]
    assert PLAN.seat("cyd").account == "seat-cyd"


def test_no_seat() -> None:
    """How a student gets one is said."""
    with pytest.raises(UsageError, match="dan has no seat; `lab class roster"):
        PLAN.seat("dan")


def test_no_plan(course: Class) -> None:
    """The command that makes one is named."""
    with pytest.raises(UsageError, match=r"no seats yet.*`lab class plan`"):
        read_seat_plan(course)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"version": 2}, "version must be one of 1"),
        ({"isolation": "none"}, "isolation must be one of"),
        ({"seats": {"../x": "room-1"}}, "student must be 1 to 20"),
        ({"seats": {"ada": "room-2"}}, "room-2, which is not in its machines"),
        ({"seats": {"ada": "-x"}}, "seats.ada must be of a-z"),
        (
            {"machines": {"room-1": {"places": 2, "lost": True}}},
            "ada sits on room-1, which is lost",
        ),
        (
            {"machines": {"room-1": {"places": 0}}},
            "room-1 has 1 seats, and room for 0",
        ),
        ({"more": 1}, "more is not a key that"),
    ],
)
def test_damaged(
    course: Class, change: dict[str, object], problem: str
) -> None:
    """No seat is made from a plan that the kit has not written."""
    seats_file(course).write_text(json.dumps(DOCUMENT | change), "utf-8")

    with pytest.raises(UsageError, match="restore it from a backup") as caught:
        read_seat_plan(course)
    assert problem in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1', "\0"])
def test_cut_short(course: Class, text: str) -> None:
    """What to do is said."""
    seats_file(course).write_text(text, "utf-8")

    with pytest.raises(UsageError, match="restore it from a backup"):
        read_seat_plan(course)


def test_folder_is_gone(course: Class) -> None:
    """The reason is said."""
    (course.folder / "seats.json").mkdir()

    with pytest.raises(UsageError, match="could not write"):
        write_seat_plan(course, PLAN)
    with pytest.raises(UsageError, match=r"seats\.json: Is a directory"):
        read_seat_plan(course)


@FUZZ
@given(text=damaged_json(DOCUMENT))
def test_anything(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """A damaged file is read, or refused in words."""
    course = a_class(tmp_path_factory.mktemp("c"))
    seats_file(course).write_text(text, "utf-8", "surrogatepass")
    read(lambda: read_seat_plan(course))
