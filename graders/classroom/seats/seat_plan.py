"""Which student has a seat on which machine: seats.json of a class."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Annotated,
    Final,
    Literal,
    TypeAlias,
    get_args,
)

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from graders.classroom.seats.machines import NAME, PATTERNS
from graders.errors import UsageError, explaining
from graders.files import read_text, write_atomically
from graders.plan.networks import check_student
from graders.yamlfile import model_problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from graders.classroom.class_folder import Class

Isolation: TypeAlias = Literal["trusted", "exam"]
ISOLATIONS: Final[tuple[Isolation, ...]] = get_args(Isolation)
SEATS_FILE: Final = "seats.json"
# Bytes: five thousand seats have less.
_LIMIT: Final = 1024 * 1024
_REMEDY: Final = (
    "restore it from a backup, or remove it and run `lab class plan` again,"
    " which may place students elsewhere"
)


@dataclass(frozen=True)
class Seat:
    """A student's place on a machine."""

    student: str
    machine: str

    @property
    def account(self) -> str:
        """The student's account on the machine."""
        return f"seat-{self.student}"


@dataclass(frozen=True)
class SeatPlan:
    """The seats of a class.

    `places` says how many seats each machine has room for, and `lost` names
    machines that are out of use.
    """

    isolation: Isolation
    seats: tuple[Seat, ...]
    places: Mapping[str, int]
    lost: tuple[str, ...] = ()

    @property
    def machines(self) -> tuple[str, ...]:
        """The machines that have seats, in order."""
        return tuple(sorted({seat.machine for seat in self.seats}))

    def seat(self, student: str) -> Seat:
        """Return a student's seat.

        Raises:
            UsageError: there is none.

        """
        for seat in self.seats:
            if seat.student == student:
                return seat
        raise UsageError(
            f"{student} has no seat",
            remedy="`lab class roster` adds a student to the class, and `lab"
            " class plan` gives everyone of the class a seat",
        )

    def on(self, machine: str) -> tuple[Seat, ...]:
        """Return the seats on a machine."""
        return tuple(it for it in self.seats if it.machine == machine)


_Name = Annotated[str, StringConstraints(pattern=NAME)]


class _Machine(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    places: Annotated[int, Field(ge=0)]
    lost: bool = False


class _SeatsFile(BaseModel):
    """Version 1 of seats.json."""

    model_config = ConfigDict(strict=True, extra="forbid")

    version: Literal[1] = 1
    isolation: Isolation
    machines: dict[_Name, _Machine]
    seats: dict[str, _Name]


def seats_file(course: Class) -> Path:
    """Return the file of a class's seats."""
    return course.folder / SEATS_FILE


def read_seat_plan(course: Class) -> SeatPlan:
    """Return the seats of a class.

    Raises:
        UsageError: there is no plan yet, or all that is wrong with it.

    """
    file = seats_file(course)
    try:
        content = _SeatsFile.model_validate_json(read_text(file, _LIMIT))
    except FileNotFoundError:
        raise UsageError(
            f"{course.course} has no seats yet: {file} is not there",
            remedy="`lab class plan` gives each student one",
        ) from None
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    except ValidationError as error:
        problems = [
            f"{file}: {model_problem(item, SEATS_FILE, PATTERNS)}"
            for item in error.errors(include_url=False)
        ]
        raise UsageError(*problems, remedy=_REMEDY) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file}: {error}", remedy=_REMEDY) from None
    if problems := [f"{file}: {it}" for it in _problems(content)]:
        raise UsageError(*problems, remedy=_REMEDY)
    return SeatPlan(
        content.isolation,
        tuple(Seat(*item) for item in sorted(content.seats.items())),
        {name: it.places for name, it in content.machines.items()},
        tuple(name for name, it in content.machines.items() if it.lost),
    )


def write_seat_plan(course: Class, plan: SeatPlan) -> None:
    """Write the seats of a class; the file is never seen half.

    Raises:
        UsageError: the folder cannot be written.

    """
    content = _SeatsFile(
        isolation=plan.isolation,
        machines={
            name: _Machine(places=places, lost=name in plan.lost)
            for name, places in sorted(plan.places.items())
        },
        seats={
            it.student: it.machine
            for it in sorted(plan.seats, key=lambda it: it.student)
        },
    )
    file = seats_file(course)
    with explaining(f"could not write {file}"):
        write_atomically(file, content.model_dump_json(indent=1) + "\n")


def _problems(content: _SeatsFile) -> Iterator[str]:
    """Yield what no plan of the kit has."""
    for student, machine in content.seats.items():
        try:
            check_student(student)
        except UsageError as error:
            yield error.problems[0]
        if machine not in content.machines:
            yield f"{student} sits on {machine}, which is not in its machines"
        elif content.machines[machine].lost:
            yield f"{student} sits on {machine}, which is lost"
    for machine, count in Counter(content.seats.values()).items():
        if machine in content.machines:
            places = content.machines[machine].places
            if count > places:
                yield f"{machine} has {count} seats, and room for {places}"
