"""Labs of several students side by side: start, grade, idle time, memory.

The students are bench-1, bench-2 and so on, each with a cluster; they are
removed at the end. Nothing else should run on the machine. What a lab costs
goes to docs/costs.json, by which `lab class plan` counts.
"""

from __future__ import annotations

import datetime as dt
import shutil
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from bench_common import BROKEN, timed, typed
from graders.classroom.seats.costs import Cost, save_cost
from graders.proof import idle
from graders.proof.bench import Measure, machine_summary
from graders.providers.docker import docker
from graders.providers.registry import provider
from graders.providers.sandbox import engine_folder

if TYPE_CHECKING:
    from bench_common import Keep
    from graders.course.lab import Lab

# A start leaves work behind: images that are unpacked, leases, caches.
SETTLE_S: Final = 30.0
INTERVAL_S: Final = 60.0
GRADES: Final = 3
MIB: Final = 1024**2


def measure_side_by_side(lab: Lab, counts: list[int], keep: Keep) -> None:
    """Start the lab for one student after another; measure at each count."""
    students = [f"bench-{number + 1}" for number in range(max(counts))]
    # The same fault for all, since some take longer to grade.
    variant = next(iter(lab.variants))
    command = ("lab", "start", lab.id, "--variant", variant)
    available, free = idle.available_mib(), free_mib()
    try:
        for labs, student in enumerate(students, 1):
            where = f"{labs} {'lab' if labs == 1 else 'labs'} side by side"
            wanted = "<= 1.5 x the first" if labs > 1 else "reference"
            start = Measure(f"make {lab.id[:5]}, cold, {where}", wanted)
            before = idle.busy_seconds()
            timed(start, partial(typed, *command, student=student))
            busy = (idle.busy_seconds() - before) / start.values[0]
            keep([start])
            if labs in counts:
                grade = measure_grade(lab, students[:labs], where)
                time.sleep(SETTLE_S)
                cores = measure_idle(students[:labs])
                used = available - idle.available_mib()
                keep([grade, *idle.to_measures(cores, used, labs)])
                totals = (used, free - free_mib(), sum(cores.values()))
                save_cost(lab.id, to_cost(totals, busy, labs))
    finally:
        for student in students:
            typed("lab", "down", student=student, ends=range(256))


def to_cost(
    totals: tuple[float, float, float], busy: float, labs: int
) -> Cost:
    """Return what a lab costs of memory and disk, in MiB, and idle cores.

    `busy` is what the whole machine used while the last lab was started.
    """
    memory, disk, cores = (max(it, 0) / labs for it in totals)
    return Cost(
        memory_mib=round(memory, 1),
        idle_cores=round(cores, 3),
        busy_cores=round(max(busy - cores * (labs - 1), 0), 2),
        disk_mib=round(disk, 1),
        side_by_side=labs,
        date=dt.datetime.now().astimezone().date(),
        machine=machine_summary(),
    )


def free_mib() -> float:
    """Return the free space where the engine keeps containers."""
    return shutil.disk_usage(engine_folder()).free / MIB


def measure_grade(lab: Lab, students: list[str], where: str) -> Measure:
    """Grade each student's broken lab, one after another."""
    wanted = "<= 1.3 x a lab alone" if len(students) > 1 else "reference"
    grade = Measure(f"grade, {lab.id[:5]} broken, {where}", wanted)
    for _ in range(GRADES):
        for student in students:
            timed(
                grade, partial(typed, "grade", student=student, ends=[BROKEN])
            )
    return grade


def measure_idle(students: list[str]) -> dict[str, float]:
    """Return the cores that the standing labs use, by process."""
    containers: dict[str, int] = {}
    for student in students:
        plan = provider().locate(student).plan
        names = (*plan.node_names(), *plan.machine_names())
        said = docker("inspect", "-f", "{{.Id}} {{.State.Pid}}", *names)
        for line in said.splitlines():
            name, pid = line.split()
            containers[name] = int(pid)
    before = idle.sample(containers)
    time.sleep(INTERVAL_S)
    cores = idle.cores_by_process(before, idle.sample(containers))
    for process, used in cores.items():
        print(f"{used:6.3f} cores  {process}", file=sys.stderr)
    return cores
