"""Ask machines of a class what they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.classroom.seats.facts import to_capacity
from graders.classroom.seats.fleet import Fleet, Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from graders.classroom.class_folder import Class
    from graders.classroom.seats.machines import Capacity


def ask_capacities(
    course: Class, names: list[str], verb: str, tell: Callable[[str], None]
) -> dict[str, Capacity]:
    """Return what machines have; those that do not answer are left out.

    Raises:
        CannotCheck: Ansible did not start, or found something else.

    """
    with Fleet(course, verb).hold(tell) as fleet:
        report = fleet.run(Job("class_facts", names))
    return {
        name: to_capacity(name, machine.facts)
        for name, machine in report.machines.items()
        if machine.state == "done"
    }
