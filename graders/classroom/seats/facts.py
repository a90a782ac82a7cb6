"""Ask machines of a class what they have, by the facts of Ansible."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from graders.classroom.seats.fleet import Fleet, Job
from graders.classroom.seats.machines import Capacity
from graders.errors import parsing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from graders.classroom.class_folder import Class

# Where engines keep images and containers.
_ENGINE: Final = PurePosixPath("/var/lib/docker")
_MIB: Final = 1024**2


def ask_capacities(
    course: Class, names: list[str], tell: Callable[[str], None]
) -> dict[str, Capacity]:
    """Return what machines have; those that do not answer are left out.

    Raises:
        CannotCheck: Ansible did not start, or found something else.

    """
    with Fleet(course, "lab class plan").hold(tell) as fleet:
        report = fleet.run(Job("class_facts", names))
    return {
        name: to_capacity(name, machine.facts)
        for name, machine in report.machines.items()
        if machine.state == "done"
    }


def to_capacity(name: str, facts: Mapping[str, Any]) -> Capacity:
    """Return the cores of a machine, and its whole memory and disk.

    What is free now says nothing about tomorrow: seats that are there
    already use some of it.

    Raises:
        CannotCheck: Ansible did not find them.

    """
    with parsing(
        f"what {name} has",
        "state seat_cores, seat_memory_mib and seat_disk_mib in machines.yml",
    ):
        # Fewer than the processors, where a container has a part of them.
        cores = facts.get("ansible_processor_nproc")
        return Capacity(
            int(cores or facts["ansible_processor_vcpus"]),
            int(facts["ansible_memtotal_mb"]),
            _disk_bytes(facts["ansible_mounts"]) // _MIB,
        )


def _disk_bytes(mounts: Iterable[Mapping[str, Any]]) -> int:
    """Return the size of the file system that has the engine's folder."""
    sizes = {
        len(place.parts): int(mount["size_total"])
        for mount in mounts
        if "size_total" in mount
        and _ENGINE.is_relative_to(place := PurePosixPath(mount["mount"]))
    }
    return sizes[max(sizes)]
