"""Changes on machines are noticed; a quiet machine costs one process."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.providers.machine import Machine, Output
from graders.watch import machine_changes
from graders.watch.machine_changes import MachineChanges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.plan.plan import Plan
    from graders.state.start_state import Reading

PLAN = make_plan()


@dataclass
class World:
    """Machines with numbers of processes, routes of BGP, and settings."""

    last: dict[str, int] = field(default_factory=dict)
    routes: str = "10.0.100.7 via 172.18.0.3"
    settings: dict[str, str] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    read: list[str] = field(default_factory=list)
    now: float = 1000.0

    def run(self, machine: Machine, *argv: str) -> Output:
        """Print the last process, after the routes on the router."""
        if machine.role in self.silent:
            raise CannotCheck("did not answer")
        on_router = "proto bgp" in argv[-1]
        self.start(machine.role, 2 if on_router else 1)
        lines = [str(self.last[machine.role])]
        if on_router:
            lines.insert(0, self.routes)
        return Output(" ".join(argv), 0, "\n".join(lines) + "\n", "")

    def start(self, role: str, count: int = 1) -> None:
        """Start processes."""
        self.last[role] = self.last.get(role, 100) + count

    def read_settings(
        self, _: Plan, role: str, readings: Sequence[Reading]
    ) -> dict[str, str]:
        """Return the settings, by some processes."""
        self.read.append(role)
        self.start(role, 30)
        return {
            "routes": self.settings.get(role, ""),
            readings[-1].name: str(self.last[role]),
        }


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Have machines be those of this world."""
    world = World()

    def run(machine: Machine, *argv: str, **_: object) -> Output:
        return world.run(machine, *argv)

    monkeypatch.setattr(Machine, "run", run)
    monkeypatch.setattr(machine_changes, "read_settings", world.read_settings)
    clock = SimpleNamespace(monotonic=lambda: world.now)
    monkeypatch.setattr("graders.watch.machine_changes.time", clock)
    return world


@pytest.fixture
def notes() -> list[int]:
    """Return what notes each change."""
    return []


@pytest.fixture
def changes(world: World, notes: list[int]) -> MachineChanges:
    """Return what has looked once."""
    changes = MachineChanges(PLAN, lambda: notes.append(1))
    changes.look()
    assert len(world.read) == len(PLAN.machines) + len(PLAN.nodes)
    world.read.clear()
    return changes


def test_quiet(
    world: World, changes: MachineChanges, notes: list[int]
) -> None:
    """Machines on which no process starts are not read again."""
    for _ in range(3):
        changes.look()

    assert (world.read, notes) == ([], [])


def test_process(
    world: World, changes: MachineChanges, notes: list[int]
) -> None:
    """A process makes a machine read once; without a change, that is all."""
    world.start("client")

    changes.look()
    changes.look()

    assert (world.read, notes) == (["client"], [])


def test_change(
    world: World, changes: MachineChanges, notes: list[int]
) -> None:
    """A changed setting is noticed once."""
    world.start("worker")
    world.settings["worker"] = "blackhole 10.0.100.0/24"

    changes.look()
    changes.look()

    assert notes == [1]


def test_routes(
    world: World, changes: MachineChanges, notes: list[int]
) -> None:
    """A route that BGP withdraws needs no process."""
    world.routes = ""

    changes.look()
    changes.look()

    assert notes == [1]


def test_silent(
    world: World, changes: MachineChanges, notes: list[int]
) -> None:
    """A machine that stops to answer is a change, and so is its return."""
    world.silent = {"worker"}
    changes.look()
    changes.look()
    assert notes == [1]

    world.silent.clear()
    changes.look()
    assert notes == [1], "it is asked less often"
    world.now += 11
    changes.look()

    assert notes == [1, 1]


def test_busy_machine(
    world: World,
    changes: MachineChanges,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A machine that takes long to be read is read less often."""

    def slow(*args: object) -> dict[str, str]:
        world.now += 0.1
        return world.read_settings(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(machine_changes, "read_settings", slow)
    for _ in range(3):
        world.start("worker")
        changes.look()
    assert world.read == ["worker"]

    world.now += 11
    changes.look()

    assert world.read == ["worker", "worker"]


def test_close(
    world: World, changes: MachineChanges, notes: list[int]
) -> None:
    """After the end nothing is looked at."""
    changes.close()
    world.start("client")

    changes.look()
    changes.start()

    assert (world.read, notes) == ([], [])
