"""Processor time and memory of standing labs, by the host's own count.

Control groups count what all processes of a container have used, ended ones
included; /proc says which processes used it. Both versions of control groups
are read.
"""

from __future__ import annotations

import os
import re
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck
from graders.proof.bench import Measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROC: Final = Path("/proc")
CGROUP: Final = Path("/sys/fs/cgroup")
# Processes that end within the interval; most are started by probes.
SHORT_LIVED: Final = "short-lived processes"
_ENGINE: Final = ("dockerd", "containerd")
_CONTAINER: Final = re.compile(r"[0-9a-f]{64}")
_TICKS_S: Final = os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat after the name, which may contain spaces.
_USER, _SYSTEM = 11, 12
# Processes that use less than this, in cores, are added up.
_SHOWN_CORES: Final = 0.005


@dataclass(frozen=True)
class Process:
    """A process of a lab's containers, or of the engine that runs them."""

    name: str
    seconds: float
    in_lab: bool


@dataclass(frozen=True)
class Sample:
    """What was used until now: by containers as a whole, and by process."""

    at: float
    containers: float
    processes: Mapping[int, Process]


def sample(
    containers: Mapping[str, int], proc: Path = PROC, cgroup: Path = CGROUP
) -> Sample:
    """Read what containers, given by id with a process of each, have used.

    Raises:
        CannotCheck: the host does not count it, or a container has ended.

    """
    try:
        used = sum(
            _container_seconds(name, proc / str(pid), cgroup)
            for name, pid in containers.items()
        )
    except (OSError, ValueError) as error:
        raise CannotCheck(f"could not read control groups: {error}") from error
    return Sample(
        time.monotonic(), used, dict(_processes(set(containers), proc))
    )


def cores_by_process(before: Sample, after: Sample) -> dict[str, float]:
    """Return the cores used between two samples by name, most first.

    Processes of the engine outside of containers are called `docker's`.
    """
    seconds: defaultdict[str, float] = defaultdict(float)
    in_lab = 0.0
    for pid, process in after.processes.items():
        known = before.processes.get(pid)
        used = process.seconds - (known.seconds if known else 0)
        if process.in_lab:
            in_lab += used
        prefix = "" if process.in_lab else "docker's "
        seconds[prefix + process.name] += used
    whole = after.containers - before.containers
    seconds[SHORT_LIVED] = max(whole - in_lab, 0)
    interval = after.at - before.at
    cores = {
        name: seconds[name] / interval
        for name in sorted(seconds, key=seconds.__getitem__, reverse=True)
    }
    shown = {
        name: used for name, used in cores.items() if used >= _SHOWN_CORES
    }
    rest = sum(cores.values()) - sum(shown.values())
    return shown | {"all others": rest}


def busy_seconds(proc: Path = PROC) -> float:
    """Return the processor time that all of the host has used."""
    first = (proc / "stat").read_text("ascii").splitlines()[0]
    # Idle and waiting for disks is not used; guests are in user and nice.
    user, nice, system, _, _, irq, softirq = map(int, first.split()[1:8])
    return (user + nice + system + irq + softirq) / _TICKS_S


def available_mib(proc: Path = PROC) -> float:
    """Return the memory that the host could still give to programs."""
    text = (proc / "meminfo").read_text("ascii")
    fields = dict(line.split(":", 1) for line in text.splitlines())
    return int(fields["MemAvailable"].split()[0]) / 1024


def to_measures(
    cores: Mapping[str, float], memory_mib: float, labs: int
) -> list[Measure]:
    """Return the rows about this many labs that stand side by side."""
    where = f"{labs} {'lab' if labs == 1 else 'labs'} side by side"
    wanted = f"<= {labs * 0.15:.2f} cores"
    total = sum(cores.values())
    return [
        Measure(
            f"idle processor time, {where}", wanted, "cores", [round(total, 3)]
        ),
        *(
            Measure(
                f"idle, {where}: {name}",
                "reference",
                "cores",
                [round(used, 3)],
            )
            for name, used in cores.items()
        ),
        Measure(
            f"memory by the host's count, {where}",
            f"<= {labs * 819} MiB",
            "MiB",
            [round(max(memory_mib, 0), 1)],
        ),
    ]


def _container_seconds(name: str, process: Path, cgroup: Path) -> float:
    """Return the processor time of a container, read from its cgroup."""
    controllers: dict[str, str] = {}
    for line in (process / "cgroup").read_text("utf-8").splitlines():
        _, named, path = line.split(":", 2)
        controllers |= dict.fromkeys(named.split(","), path)
    whole = controllers.get("cpuacct") or controllers.get("", "")
    head, found, rest = whole.lstrip("/").partition(name)
    if not found:
        raise ValueError(f"{process} is not in container {name}")
    # systemd in a node has put the process further down.
    group = head + found + rest.partition("/")[0]
    if "cpuacct" in controllers:
        nanoseconds = cgroup / "cpuacct" / group / "cpuacct.usage"
        return int(nanoseconds.read_text("ascii")) / 1e9
    text = (cgroup / group / "cpu.stat").read_text("ascii")
    return int(dict(map(str.split, text.splitlines()))["usage_usec"]) / 1e6


def _processes(
    containers: set[str], proc: Path
) -> Iterator[tuple[int, Process]]:
    for folder in proc.glob("[0-9]*"):
        try:
            groups = (folder / "cgroup").read_text("utf-8")
            stat = (folder / "stat").read_text("utf-8")
        except OSError:
            continue  # it has just ended
        inside = set(_CONTAINER.findall(groups))
        in_lab = not inside.isdisjoint(containers)
        head, _, tail = stat.rpartition(")")
        name = head.partition("(")[2]
        if not in_lab and (inside or not name.startswith(_ENGINE)):
            continue
        fields = tail.split()
        ticks = int(fields[_USER]) + int(fields[_SYSTEM])
        yield int(folder.name), Process(name, ticks / _TICKS_S, in_lab)
