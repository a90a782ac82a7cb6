"""The machines of a class, held for a regrade."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from graders.cli.common import tell_on_stderr
from graders.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.classroom.class_folder import Class
    from graders.classroom.seats.spread import Room


@contextmanager
def class_room(folder: str, images: str, at_once: int) -> Iterator[Room]:
    """Hold the machines of a class but for lost ones.

    Raises:
        UsageError: there is no class, or no such archive of images, or a file
            of the class is damaged.

    """
    from graders.classroom.seats.fleet import Fleet
    from graders.classroom.seats.machines import read_machines
    from graders.classroom.seats.spread import Room
    from graders.cli.class_fleet import images_archive
    from graders.cli.class_verify import find_class

    course = find_class(folder)
    if course is None:
        raise UsageError(
            "--machines are those of a class", remedy="name it with --class"
        )
    seats, lost = _seats(course)
    machines = {
        name: machine
        for name, machine in read_machines(course).items()
        if name not in lost
    }
    archive = images_archive(images)
    with Fleet(course, "lab class regrade").hold(
        tell_on_stderr("lab")
    ) as fleet:
        yield Room(fleet, machines, seats, archive, at_once)


def _seats(course: Class) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the machine of each student, and those that are lost."""
    from graders.classroom.seats.seat_plan import read_seat_plan, seats_file

    if not seats_file(course).exists():
        return {}, ()
    plan = read_seat_plan(course)
    return {it.student: it.machine for it in plan.seats}, plan.lost
