"""A plan of seats in words: machines, changes, and what does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graders.classroom.seats.costs import RESOURCES
from graders.classroom.seats.planning import moved
from graders.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from graders.classroom.seats.costs import Costs
    from graders.classroom.seats.machines import Capacity
    from graders.classroom.seats.planning import Draft
    from graders.classroom.seats.seat_plan import SeatPlan

_GIB: Final = 1024
_HEADER: Final = (
    *("machine", "cores", "memory", "disk", "places", "limited by", "seats"),
)


@dataclass(frozen=True)
class Sizes:
    """The machines of a class by name, and what seats for its labs need."""

    capacities: Mapping[str, Capacity]
    costs: Costs
    labs: Sequence[str]

    @property
    def need(self) -> Capacity:
        """What a seat needs."""
        return self.costs.need(self.labs)

    @property
    def places(self) -> dict[str, int]:
        """How many seats each machine has room for."""
        return {
            name: min(self.costs.room(capacity, self.need).values())
            for name, capacity in self.capacities.items()
        }

    def limit(self, machine: str) -> str:
        """Return which resource a machine runs out of first."""
        room = self.costs.room(self.capacities[machine], self.need)
        return RESOURCES[min(room, key=lambda it: room[it])]


def describe(sizes: Sizes, plan: SeatPlan) -> list[str]:
    """Return what a seat needs, and a table of the machines."""
    rows = [_HEADER, *(_row(sizes, plan, it) for it in sizes.capacities)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        f"a seat needs {_amounts(sizes.need)}",
        *sizes.costs.assumptions(sizes.labs),
        "",
        *(
            "  ".join(
                cell.ljust(width)
                for cell, width in zip(row, widths, strict=True)
            ).rstrip()
            for row in rows
        ),
        "",
    ]


def changes(
    before: SeatPlan | None, after: SeatPlan, students: Collection[str]
) -> Iterator[str]:
    """Yield which seats are new, have moved, or are of nobody in the class."""
    if before:
        old = {it.student for it in before.seats}
        new = [it.student for it in after.seats if it.student not in old]
        if new:
            yield f"new: {', '.join(new)}"
        for was, now in moved(before, after):
            yield f"moved: {was.student} from {was.machine} to {now.machine}"
    left = [it.student for it in after.seats if it.student not in students]
    if left:
        yield (
            f"no longer in the class, seats kept: {', '.join(left)}; after"
            " `lab class down STUDENT`, drop them with --drop STUDENT"
        )


def expect_room(draft: Draft, sizes: Sizes) -> None:
    """Expect a seat for everyone.

    Raises:
        UsageError: some have none; the remedy says what would be enough.

    """
    missing = len(draft.without)
    if not missing:
        return
    everyone = missing + len(draft.plan.seats)
    raise UsageError(
        f"no room for {missing} of {everyone} students:"
        f" {', '.join(draft.without)}",
        remedy=f"nothing was written; {_enough(draft, sizes, missing)}",
    )


def _enough(draft: Draft, sizes: Sizes, missing: int) -> str:
    """Return what machines would be enough for students without a seat."""
    exam = draft.plan.isolation == "exam"
    machine = sizes.costs.machine_for(sizes.need, 1 if exam else missing)
    if not exam:
        return (
            "add machines to machines.yml; one for all of them has"
            f" {_amounts(machine)}"
        )
    what = "a machine" if missing == 1 else f"{missing} machines"
    return f"add {what} to machines.yml, each with {_amounts(machine)}"


def _row(sizes: Sizes, plan: SeatPlan, name: str) -> tuple[str, ...]:
    have = sizes.capacities[name]
    limit = sizes.limit(name)
    if plan.places[name] < sizes.places[name]:
        limit = "one in an exam"
    return (
        name,
        f"{have.cores:g}",
        _gib(have.memory_mib),
        _gib(have.disk_mib),
        "lost" if name in plan.lost else str(plan.places[name]),
        limit,
        str(len(plan.on(name))),
    )


def _amounts(need: Capacity) -> str:
    return (
        f"{need.cores:.2f} cores, {_gib(need.memory_mib)} of memory,"
        f" {_gib(need.disk_mib)} of disk"
    )


def _gib(mib: int) -> str:
    return f"{mib / _GIB:.1f} GiB"
