"""Seats are planned, moved and saved from machines that are lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.classroom.seats.planning import (
    find_machines,
    lose_machine,
    move_seats,
    moved,
    seat_all,
    start_plan,
)
from graders.classroom.seats.seat_plan import Seat, SeatPlan
from graders.errors import UsageError

PLAN = SeatPlan(
    "trusted",
    (Seat("ada", "a"), Seat("bob", "a"), Seat("cyd", "b")),
    {"a": 2, "b": 3, "c": 1},
)


def test_first_plan() -> None:
    """A trusted class, balanced."""
    draft = seat_all(start_plan(None, {"a": 4, "b": 4}), ["x", "y", "z", "w"])

    assert draft.plan.isolation == "trusted"
    assert len(draft.plan.on("a")) == len(draft.plan.on("b")) == 2
    assert draft.without == ()


def test_an_exam_has_a_machine_for_each() -> None:
    """However large machines are; who finds none is named."""
    draft = seat_all(start_plan(PLAN, PLAN.places, "exam"), ["ada", "bob"])

    assert sorted(it.machine for it in draft.plan.seats) != ["a", "a"]
    assert max(draft.plan.places.values()) == 1
    students = ["ada", "bob", "cyd", "dan"]
    assert len(seat_all(draft.plan, students).without) == 1
    # Without the option, it stays an exam.
    assert start_plan(draft.plan, PLAN.places).isolation == "exam"


def test_plan_again() -> None:
    """Seats stay; only a new student gets one."""
    draft = seat_all(start_plan(PLAN, PLAN.places), ["ada", "bob", "cyd", "d"])

    assert moved(PLAN, draft.plan) == []
    assert {it.student for it in draft.plan.seats} == {
        "ada",
        "bob",
        "cyd",
        "d",
    }


def test_balance() -> None:
    """Seats of a full machine move to another one."""
    full = replace(PLAN, places={"a": 2, "b": 4, "c": 4})
    students = ["ada", "bob", "cyd"]

    assert moved(PLAN, seat_all(full, students).plan) == []
    changes = moved(PLAN, seat_all(full, students, balance=True).plan)
    assert [(was.machine, now.machine) for was, now in changes] == [("a", "c")]


def test_a_machine_that_left_the_file() -> None:
    """Its students sit elsewhere."""
    draft = seat_all(start_plan(PLAN, {"b": 3}), ["ada", "bob", "cyd"])

    assert draft.plan.machines == ("b",)
    assert draft.plan.places == {"b": 3}


def test_move() -> None:
    """To a machine that has room; to where a student is, is no move."""
    after = move_seats(PLAN, ["ada", "bob", "cyd"], "b")

    assert after.machines == ("b",)
    assert move_seats(after, ["ada", "bob", "cyd"], "b") == after


@pytest.mark.parametrize(
    ("students", "machine", "problem"),
    [
        (["ada", "bob"], "c", "c has room for 1 more, not for 2; .* b for 2"),
        (["ada"], "d", "d is not in the plan; name one of a, b, c"),
        (["dan"], "b", "dan has no seat"),
    ],
)
def test_no_move(students: list[str], machine: str, problem: str) -> None:
    """The reason is said, and where there is room."""
    with pytest.raises(UsageError, match=problem):
        move_seats(PLAN, students, machine)


def test_lost() -> None:
    """Nobody else moves, and nobody is placed there until it is found."""
    draft = lose_machine(PLAN, "a")

    assert draft.without == ()
    assert draft.plan.lost == ("a",)
    assert draft.plan.seat("cyd") == PLAN.seat("cyd")
    with pytest.raises(UsageError, match="a is lost"):
        move_seats(draft.plan, ["cyd"], "a")
    # Also when the file of machines still has it.
    again = start_plan(draft.plan, PLAN.places)
    assert again.lost == ("a",)
    found = find_machines(again, ["a"])
    assert move_seats(found, ["cyd"], "a").seat("cyd").machine == "a"
    with pytest.raises(UsageError, match="a: not lost; lost are: none"):
        find_machines(found, ["a"])


def test_all_lost() -> None:
    """Students without a seat are named."""
    draft = lose_machine(lose_machine(PLAN, "a").plan, "b")

    assert len(draft.without) == 2
    assert len(lose_machine(draft.plan, "c").without) == 1
    with pytest.raises(UsageError, match="its machines are a, b, c"):
        lose_machine(PLAN, "d")


@given(
    places=st.dictionaries(
        st.sampled_from("abcdef"), st.integers(0, 8), min_size=1
    ),
    students=st.sets(st.from_regex("[a-z]{1,3}", fullmatch=True), max_size=30),
    data=st.data(),
)
def test_a_day_of_a_class(
    places: dict[str, int], students: set[str], data: st.DataObject
) -> None:
    """Whatever is lost, found and moved: no machine has too many."""
    plan = seat_all(start_plan(None, places), students).plan
    for _ in range(data.draw(st.integers(0, 6))):
        machine = data.draw(st.sampled_from(sorted(places)))
        if machine in plan.lost:
            plan = seat_all(find_machines(plan, [machine]), students).plan
        else:
            plan = lose_machine(plan, machine).plan
        for name, room in places.items():
            assert len(plan.on(name)) <= (0 if name in plan.lost else room)
    usable = sum(n for name, n in places.items() if name not in plan.lost)
    seated = seat_all(plan, students).plan
    assert len(seated.seats) == min(len(students), usable)
