"""Processor time and memory are read as the host counts them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest

from graders.errors import CannotCheck
from graders.proof.idle import (
    SHORT_LIVED,
    Process,
    Sample,
    available_mib,
    busy_seconds,
    cores_by_process,
    sample,
    to_measures,
)

if TYPE_CHECKING:
    from pathlib import Path

OURS: Final = "a" * 64
OTHER: Final = "b" * 64
TICKS: Final = os.sysconf("SC_CLK_TCK")
V1: Final = (
    "4:memory:/docker/{0}\n2:cpu,cpuacct:/docker/{0}/init.scope\n0::/\n"
)
V2: Final = "0::/system.slice/docker-{0}.scope/init.scope\n"


def _process(folder: Path, name: str, groups: str, seconds: int) -> None:
    folder.mkdir(parents=True)
    (folder / "cgroup").write_text(groups, encoding="utf-8")
    fields = ["0"] * 11 + [str(seconds * TICKS), "0", "0"]
    text = f"{folder.name} ({name}) {' '.join(fields)}"
    (folder / "stat").write_text(text, encoding="utf-8")


def _file(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("groups", [V1, V2])
def test_both_versions_of_control_groups(tmp_path: Path, groups: str) -> None:
    """A container's whole time is read, and which processes are its own."""
    proc, cgroup = tmp_path / "proc", tmp_path / "cgroup"
    _file(cgroup / "cpuacct" / "docker" / OURS / "cpuacct.usage", "7000000000")
    scope = cgroup / "system.slice" / f"docker-{OURS}.scope"
    _file(scope / "cpu.stat", "usage_usec 7000000\nuser_usec 1\n")
    _process(proc / "7", "systemd (1)", groups.format(OURS), 5)
    _process(proc / "8", "kubelet", groups.format(OTHER), 5)
    _process(proc / "9", "containerd-shim", "0::/system.slice\n", 3)
    _process(proc / "10", "bash", "0::/user.slice\n", 3)

    found = sample({OURS: 7}, proc, cgroup)

    assert found.containers == 7
    assert found.processes == {
        7: Process("systemd (1)", 5, in_lab=True),
        9: Process("containerd-shim", 3, in_lab=False),
    }


def test_container_that_has_ended(tmp_path: Path) -> None:
    """It is a fault of the machine, and is reported."""
    with pytest.raises(CannotCheck, match="could not read control groups"):
        sample({OURS: 7}, tmp_path, tmp_path)


def test_process_outside_its_container(tmp_path: Path) -> None:
    """A process id that was used again says nothing about a container."""
    _process(tmp_path / "7", "bash", V2.format(OTHER), 5)

    with pytest.raises(CannotCheck, match="not in container"):
        sample({OURS: 7}, tmp_path, tmp_path)


def test_time_by_process() -> None:
    """Names are added up, small ones, and what has ended in between."""

    def at(seconds: float, whole: float, *used: float) -> Sample:
        names = ("kubelet", "kubelet", "etcd")
        processes = {
            pid: Process(name, value, in_lab=True)
            for pid, (name, value) in enumerate(zip(names, used, strict=True))
        }
        engine = {9: Process("dockerd", seconds / 10, in_lab=False)}
        return Sample(seconds, whole, processes | engine)

    cores = cores_by_process(at(0, 100, 5, 6, 7), at(10, 104, 6, 7, 7.01))

    assert cores == pytest.approx(
        {
            "kubelet": 0.2,
            SHORT_LIVED: 0.199,
            "docker's dockerd": 0.1,
            "all others": 0.001,
        }
    )


def test_available_memory(tmp_path: Path) -> None:
    """It is what the kernel says."""
    (tmp_path / "meminfo").write_text(
        "MemTotal: 4096 kB\nMemAvailable: 2048 kB\n", encoding="ascii"
    )

    assert available_mib(tmp_path) == 2


def test_rows() -> None:
    """The whole has a bound, the parts have none."""
    rows = to_measures({"etcd": 0.125, "kubelet": 0.25}, 1500, 2)

    assert [(row.name, row.wanted, row.values) for row in rows] == [
        (
            "idle processor time, 2 labs side by side",
            "<= 0.30 cores",
            [0.375],
        ),
        ("idle, 2 labs side by side: etcd", "reference", [0.125]),
        ("idle, 2 labs side by side: kubelet", "reference", [0.25]),
        (
            "memory by the host's count, 2 labs side by side",
            "<= 1638 MiB",
            [1500],
        ),
    ]


def test_busy_seconds(tmp_path: Path) -> None:
    """Neither idle time nor guests count, which are in user and nice."""
    line = " ".join(str(TICKS * it) for it in (1, 2, 4, 8, 16, 32, 64, 9, 9))
    (tmp_path / "stat").write_text(f"cpu  {line}\ncpu0 1\n", "ascii")

    assert busy_seconds(tmp_path) == 1 + 2 + 4 + 32 + 64
    assert busy_seconds() > 0
