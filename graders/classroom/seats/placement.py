"""Place students on machines: never too many, balanced, and stable.

All seats need the same, so a machine is the number of places that it has.
Who stays where they are comes first: a seat that moves loses its lab.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from graders.plan.networks import stable_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Placement:
    """A machine for each student, and the students that fit on no machine."""

    machines: Mapping[str, str]
    without: tuple[str, ...] = ()


@dataclass
class _Table:
    """Seats as they are given out."""

    places: Mapping[str, int]
    machines: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def seat(self, student: str, machine: str) -> None:
        self.counts[self.machines.get(student, "")] -= 1
        self.machines[student] = machine
        self.counts[machine] += 1

    def free(self) -> list[str]:
        """Return the machines with a place."""
        return [it for it, n in self.places.items() if self.counts[it] < n]

    def used(self, machine: str, more: int = 0) -> Fraction:
        """Return the share of a machine's places that is taken."""
        return Fraction(self.counts[machine] + more, self.places[machine])

    def emptiest(self, student: str) -> str | None:
        """Return the machine that is least used with this student on it."""
        return min(
            self.free(),
            key=lambda it: (self.used(it, 1), _rank(student, it)),
            default=None,
        )


def place(
    students: Iterable[str],
    places: Mapping[str, int],
    before: Mapping[str, str] | None = None,
) -> Placement:
    """Give each student a machine.

    Who has one in `before` keeps it while it has a place. The same students
    and machines have the same result, whatever order they come in.
    """
    table = _Table(places)
    waiting = []
    for student in sorted(students, key=stable_hash):
        machine = (before or {}).get(student, "")
        if machine in places and table.counts[machine] < places[machine]:
            table.seat(student, machine)
        else:
            waiting.append(student)
    without = []
    for student in waiting:
        if free := table.emptiest(student):
            table.seat(student, free)
        else:
            without.append(student)
    return Placement(table.machines, tuple(sorted(without)))


def balanced(
    machines: Mapping[str, str], places: Mapping[str, int]
) -> dict[str, str]:
    """Return seats of which as few as needed have moved to be balanced."""
    table = _Table(places)
    for student, machine in machines.items():
        table.seat(student, machine)
    while move := _improvement(table):
        table.seat(*move)
    return table.machines


def _improvement(table: _Table) -> tuple[str, str] | None:
    """Return a student on the fullest machine, and a better machine."""
    fullest = max(
        (it for it in table.places if table.counts[it]),
        key=lambda it: (table.used(it), it),
        default=None,
    )
    free = table.free()
    if fullest is None or not free:
        return None
    emptiest = min(free, key=lambda it: (table.used(it, 1), it))
    if table.used(emptiest, 1) >= table.used(fullest):
        return None
    there = [it for it, on in table.machines.items() if on == fullest]
    return min(there, key=lambda it: _rank(it, emptiest)), emptiest


def _rank(student: str, machine: str) -> int:
    """Return an order of machines that is another one for each student."""
    return stable_hash(f"{student} {machine}")
