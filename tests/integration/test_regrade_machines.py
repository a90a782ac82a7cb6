"""A regrade spread over machines, by Ansible over SSH, without a cluster.

The program that machines run is the kit's; a stand-in takes the place of the
labs, and says which submissions it was to play.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
import yaml

from graders.classroom.regraded import load
from graders.settings import ROOT
from tests.class_pack import Repair, forge_all, pack_all, repairs
from tests.depth import thorough
from tests.machines import (
    LAB,
    ClassMachine,
    class_machine,
    inventory,
    needs_machines,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Ansible takes a minute for each command, and longer on a busy computer.
pytestmark = [pytest.mark.slow, thorough, needs_machines]

_SECONDS: Final = 1200
FILES: Final = "/var/lib/metallb-lab/regrade/files"
PLAYED: Final = tuple(f"s{number:02}-lab-1.lab" for number in range(1, 5))
# Takes the place of `python -P -m graders.classroom.seats.regrade_there`.
PROGRAM: Final = """\
import sys, time
from functools import partial
from pathlib import Path

sys.path.insert(0, {root!r})
from graders.classroom.regraded import save
from graders.classroom.seats import regrade_there as module

HOLD, PLAYED = Path({hold!r}), Path({played!r})

def work(task, _):
    with PLAYED.open("a") as file:
        file.write(task.known.file + "\\n")
    while HOLD.exists():
        time.sleep(0.1)
    known = task.known.model_copy(update={{"status": "confirmed"}})
    save(task.result, known)
    return ""

module.examine = module.raise_for_findings = lambda _: None
module.Regrading = partial(module.Regrading, work=work)
module.main(sys.argv[4:])
"""


@dataclass(frozen=True)
class Room:
    """A class with submissions, and machines of which one is off."""

    folder: Path
    machines: dict[str, ClassMachine]

    @property
    def results(self) -> Path:
        """Return the folder of the results."""
        return self.folder / "results"

    def hold(self, name: str) -> Path:
        """Return the file that keeps a machine from going on."""
        return self.folder / f"hold-{name}"

    def played(self) -> list[str]:
        """Return what machines have played."""
        files = sorted(self.folder.glob("played-*"))
        return sorted("".join(it.read_text() for it in files).split())

    def start(self) -> subprocess.Popen[str]:
        """Start a regrade."""
        return subprocess.Popen(
            [
                *(LAB, "class", "regrade", str(self.folder), "--sandbox"),
                *("--class", str(self.folder / "class"), "--machines"),
                *("--results", str(self.results)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
        )

    def wait_for(self, name: str, running: subprocess.Popen[str]) -> None:
        """Wait until a machine plays a submission."""
        deadline = time.monotonic() + _SECONDS
        while not (self.folder / f"played-{name}").exists():
            assert time.monotonic() < deadline
            assert running.poll() is None, running.communicate()
            time.sleep(0.2)

    def regrade(self, code: int) -> str:
        """Regrade, and expect an exit code."""
        with self.start() as running:
            text, _ = running.communicate(timeout=_SECONDS)
        assert running.returncode == code, text
        return text

    def statuses(self) -> dict[str, str]:
        """Return the status of each result."""
        rows = map(load, self.results.glob("*.regrade.json"))
        return {row.file: row.status for row in rows}


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    """Run two machines, with a class of four and a forger."""
    monkeypatch.setenv("METALLB_LAB_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "a class"
    chosen: list[Repair] = repairs(["1"])[:4]
    pack_all(folder, chosen)
    forge_all(folder, chosen[0])
    with ExitStack() as stack:
        machines = {
            name: stack.enter_context(class_machine(tmp_path / "m", name))
            for name in ("m1", "m2")
        }
        text = yaml.safe_load(inventory({**machines, "off": None}))
        for name in machines:
            text["machines"]["hosts"][name] |= {
                "seat_venv": str(_venv(folder, name)),
                "seat_cores": 2,
                "seat_memory_mib": 8000,
            }
        file = folder / "class" / "machines.yml"
        file.write_text(yaml.safe_dump(text), encoding="utf-8")
        yield Room(folder, machines)


def _venv(folder: Path, name: str) -> Path:
    venv = folder / f"venv-{name}"
    program = venv / "program.py"
    (venv / "bin").mkdir(parents=True)
    program.write_text(
        PROGRAM.format(
            root=str(ROOT),
            hold=str(folder / f"hold-{name}"),
            played=str(folder / f"played-{name}"),
        )
    )
    python = f'exec "{sys.executable}" "{program}" "$@"'
    for word, line in (("python", python), ("lab", "exit 0")):
        file = venv / "bin" / word
        file.write_text(f"#!/bin/sh\n{line}\n")
        file.chmod(0o755)
    (venv / "stamp").touch()
    return venv


def test_each_is_played_once(room: Room) -> None:
    """Killed in the middle, it goes on; nothing is left on machines."""
    room.hold("m1").touch()
    running = room.start()
    room.wait_for("m1", running)
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    room.hold("m1").unlink()

    text = room.regrade(1)

    assert "off: lost" in text
    assert room.played() == [*PLAYED]
    statuses = room.statuses()
    assert {statuses[name] for name in PLAYED} == {"confirmed"}
    assert [*statuses.values()].count("refused") == 4
    for machine in room.machines.values():
        assert "No such file" in machine.run(f"ls {FILES}")


def test_a_lost_machine_costs_its_own(room: Room) -> None:
    """The next regrade places them elsewhere, and plays no other again."""
    room.hold("m1").touch()
    running = room.start()
    room.wait_for("m1", running)
    os.kill(room.machines["m1"].sshd.pid, signal.SIGKILL)
    text, _ = running.communicate(timeout=_SECONDS)
    assert running.returncode == 3, text
    assert [*room.statuses().values()].count("error") == 2

    room.regrade(1)

    assert [*room.statuses().values()].count("confirmed") == 4
    assert {*room.played()} == {*PLAYED}
    m2 = (room.folder / "played-m2").read_text().split()
    assert sorted(m2) == [*PLAYED]
