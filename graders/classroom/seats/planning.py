"""Make and change the plan of a class's seats."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from graders.classroom.seats.placement import balanced, place
from graders.classroom.seats.seat_plan import Seat, SeatPlan
from graders.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from graders.classroom.seats.seat_plan import Isolation


@dataclass(frozen=True)
class Draft:
    """A plan, and the students for whom no machine has room."""

    plan: SeatPlan
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wishes:
    """What a teacher wants of a plan.

    `found` are machines that were lost and work again; `drop` are students
    without a seat from now on.
    """

    isolation: Isolation | None = None
    balance: bool = False
    found: Sequence[str] = ()
    drop: Sequence[str] = ()


def revise(
    before: SeatPlan | None,
    places: Mapping[str, int],
    students: Collection[str],
    wishes: Wishes,
) -> Draft:
    """Return a plan with a seat for each student of the class.

    Who has left the class keeps theirs until it is dropped: there may be work
    in it.

    Raises:
        UsageError: a wish is about no lost machine, or about no seat.

    """
    start = start_plan(before, places, wishes.isolation)
    start = find_machines(start, wishes.found)
    dropped = {start.seat(it).student for it in wishes.drop}
    seats = tuple(it for it in start.seats if it.student not in dropped)
    everyone = {*students, *(it.student for it in seats)} - dropped
    return seat_all(
        replace(start, seats=seats), everyone, balance=wishes.balance
    )


def start_plan(
    before: SeatPlan | None,
    places: Mapping[str, int],
    isolation: Isolation | None = None,
) -> SeatPlan:
    """Return the plan of before with the machines of now."""
    isolation = isolation or (before.isolation if before else "trusted")
    if isolation == "exam":
        places = {name: min(room, 1) for name, room in places.items()}
    lost = [it for it in (before.lost if before else ()) if it in places]
    seats = before.seats if before else ()
    return SeatPlan(isolation, seats, places, tuple(lost))


def seat_all(
    plan: SeatPlan, students: Iterable[str], *, balance: bool = False
) -> Draft:
    """Give each student a seat; who has one keeps it where that is possible.

    With `balance`, as few seats as needed move to relieve full machines.
    """
    places = usable(plan)
    placed = place(
        students, places, {it.student: it.machine for it in plan.seats}
    )
    machines = placed.machines
    if balance:
        machines = balanced(machines, places)
    return Draft(_with_seats(plan, machines), placed.without)


def move_seats(
    plan: SeatPlan, students: Sequence[str], machine: str
) -> SeatPlan:
    """Move seats to a machine.

    Raises:
        UsageError: it is no machine of the plan, is lost, or has too little
            room; a student has no seat.

    """
    places = usable(plan)
    if machine not in places:
        what = "is lost" if machine in plan.lost else "is not in the plan"
        raise UsageError(
            f"{machine} {what}",
            remedy=f"name one of {', '.join(sorted(places)) or 'none'};"
            " `lab class plan` reads machines.yml again",
        )
    there = {it.student for it in plan.on(machine)}
    moving = {plan.seat(student).student for student in students} - there
    free = places[machine] - len(there)
    if len(moving) > free:
        raise UsageError(
            f"{machine} has room for {free} more, not for {len(moving)}",
            remedy=_free_places(plan),
        )
    machines = {it.student: it.machine for it in plan.seats}
    return _with_seats(plan, machines | dict.fromkeys(moving, machine))


def lose_machine(plan: SeatPlan, machine: str) -> Draft:
    """Give the students of a machine that is lost seats on others.

    Raises:
        UsageError: it is no machine of the plan.

    """
    if machine not in plan.places:
        raise UsageError(
            f"{machine} is not in the plan",
            remedy=f"its machines are {', '.join(sorted(plan.places))}",
        )
    lost = tuple(sorted({*plan.lost, machine}))
    return seat_all(
        replace(plan, lost=lost), [it.student for it in plan.seats]
    )


def find_machines(plan: SeatPlan, names: Iterable[str]) -> SeatPlan:
    """Use machines again that were lost.

    Raises:
        UsageError: one of them was not.

    """
    found = {*names}
    if unknown := sorted(found - {*plan.lost}):
        raise UsageError(
            f"{', '.join(unknown)}: not lost",
            remedy=f"lost are: {', '.join(plan.lost) or 'none'}",
        )
    return replace(plan, lost=tuple(it for it in plan.lost if it not in found))


def moved(before: SeatPlan, after: SeatPlan) -> list[tuple[Seat, Seat]]:
    """Return the seats that have moved, each as it was and as it is."""
    now = {it.student: it for it in after.seats}
    return [
        (was, now[was.student])
        for was in before.seats
        if was.student in now and now[was.student] != was
    ]


def usable(plan: SeatPlan) -> dict[str, int]:
    """Return the places of the machines that are not lost."""
    return {it: n for it, n in plan.places.items() if it not in plan.lost}


def _free_places(plan: SeatPlan) -> str:
    """Return in words where there is room."""
    free = {it: n - len(plan.on(it)) for it, n in usable(plan).items()}
    rooms = [f"{it} for {n}" for it, n in sorted(free.items()) if n > 0]
    return f"there is room on {', '.join(rooms) or 'no machine'}"


def _with_seats(plan: SeatPlan, machines: Mapping[str, str]) -> SeatPlan:
    seats = [Seat(*item) for item in sorted(machines.items())]
    return replace(plan, seats=tuple(seats))
