"""The lab that is watched may change, go, and come back."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from graders.errors import CannotCheck
from graders.kube.client import KubeError
from graders.settings import state_dir
from graders.state.lab_state import State
from graders.watch import watcher as watching
from graders.watch.watcher import Watcher
from tests.watching import VIEW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from graders.checks.session import Session
    from graders.watch.view import View


@dataclass
class Lab:
    """A lab, and what is done with it."""

    state: State = field(
        default_factory=lambda: State("lab-3-bgp-ecmp", "one-path", "r1", 2)
    )
    error: Exception | None = None
    holder: str = ""
    opened: int = 0
    rounds: int = 0
    closed: list[str] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    broken: bool = False

    def open(self) -> tuple[Session, State]:
        """Open it, as `open_running_lab` does."""
        self.opened += 1
        if self.error:
            raise self.error
        lab = SimpleNamespace(id=self.state.lab, title="BGP and ECMP")
        session = _Session(SimpleNamespace(), lab)
        return cast("Session", session), self.state

    def touch(self) -> None:
        """Have a command of the kit change a file."""
        folder = state_dir("ada")
        os.utime(folder, ns=(1, folder.stat().st_mtime_ns + 1_000_000))


@dataclass(frozen=True)
class _Session:
    plan: object
    lab: object
    shared: dict[str, object] = field(default_factory=dict)


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, base: Path) -> Lab:
    """Return a lab whose judge and watches are fakes."""
    lab = Lab()
    (base / "ada").mkdir(parents=True)

    class FakeJudge:
        rows = VIEW.rows

        def __init__(self, *_: object) -> None:
            pass

        @property
        def broken(self) -> bool:
            return lab.broken

        def begin(self, _: object) -> None:
            lab.rounds += 1

        def stop(self) -> None:
            lab.closed.append("judge")

    class FakeChanges:
        def __init__(self, *_: object) -> None:
            pass

        def start(self) -> None:
            pass

        def close(self) -> None:
            lab.closed.append("changes")

    monkeypatch.setattr(watching, "Judge", FakeJudge)
    monkeypatch.setattr(watching, "MachineChanges", FakeChanges)
    monkeypatch.setattr(watching, "ClusterChanges", FakeChanges)
    monkeypatch.setattr(watching, "read_looks", lambda _: [])
    monkeypatch.setattr(watching, "cluster_client", lambda _: None)
    monkeypatch.setattr(watching, "lab_holder", lambda _: lab.holder)
    return lab


@pytest.fixture
def watcher(lab: Lab) -> Watcher:
    """Return what watches it, after its first step."""
    watcher = Watcher("ada", lab.open, lab.views.append)
    watcher.step(100)
    return watcher


def test_first(watcher: Watcher, lab: Lab) -> None:
    """The lab is opened, judged and shown."""
    watcher.step(100.5)

    assert (lab.opened, lab.rounds, len(lab.views)) == (1, 1, 1)
    view = lab.views[0]
    assert (view.lab, view.attempts, view.rows) == (
        "lab-3-bgp-ecmp",
        2,
        VIEW.rows,
    )


def test_change(watcher: Watcher, lab: Lab) -> None:
    """After a change, it is judged again as soon as that may be."""
    for now in range(101, 130):
        watcher.step(now)
    before = lab.rounds

    watcher.look_again()
    watcher.step(130)

    assert lab.rounds == before + 1


def test_quiet(watcher: Watcher, lab: Lab) -> None:
    """Without a change, it is judged once a minute."""
    for now in range(101, 121):
        watcher.step(now)
    before = lab.rounds

    for now in range(121, 241):
        watcher.step(now)

    assert lab.rounds == before + 2


def test_command(watcher: Watcher, lab: Lab) -> None:
    """While a command holds the lab, nothing is judged or left there."""
    lab.holder = "`lab reset`, pid 7, since 12:00"
    for now in range(103, 110):
        watcher.step(now)

    assert (lab.opened, lab.rounds) == (1, 1)
    assert lab.closed == ["judge", "changes"]
    assert (
        lab.views[-1].message == "waiting for `lab reset`, pid 7, since 12:00"
    )

    lab.holder = ""
    lab.state = replace(lab.state, attempts=3)
    watcher.step(110)

    assert (lab.opened, lab.rounds) == (2, 2)
    assert lab.views[-1].attempts == 3
    assert not lab.views[-1].message


def test_short_command(watcher: Watcher, lab: Lab) -> None:
    """A command that was too short to be seen is noticed by its files."""
    lab.state = replace(lab.state, attempts=3)
    lab.touch()

    watcher.step(103)

    assert lab.views[-1].attempts == 3
    assert "judge" not in lab.closed, "it is the same lab"


def test_time(watcher: Watcher, lab: Lab) -> None:
    """Minutes count from the lab's start or reset, as far as it is known."""
    first = lab.views[-1].since
    record = state_dir("ada") / "lab" / "start"
    record.parent.mkdir()
    record.touch()
    os.utime(record, (5000, 5000))

    watcher.step(103)

    assert first > 5000
    assert lab.views[-1].since == 5000


def test_another_lab(watcher: Watcher, lab: Lab) -> None:
    """Another lab is watched from its start."""
    lab.state = replace(lab.state, lab="lab-4-traffic-policy", run="r2")
    lab.touch()

    watcher.step(103)

    assert lab.views[-1].number == 4
    assert lab.closed == ["judge", "changes", "changes"]


def test_down(watcher: Watcher, lab: Lab) -> None:
    """A lab that was taken down is told, and the next one is found."""
    lab.error = CannotCheck("no lab is running", remedy="run `make lab-1`")
    lab.touch()
    watcher.step(103)

    assert lab.views[-1].rows == ()
    assert lab.views[-1].verdict == "no lab is running; run `make lab-1`"
    assert "judge" in lab.closed

    lab.error = None
    watcher.step(104)
    assert lab.opened == 2, "not at once"
    watcher.step(109)

    assert lab.views[-1].lab == "lab-3-bgp-ecmp"


def test_no_cluster(
    lab: Lab, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a kubeconfig, the checks say what is wrong."""

    def missing(_: object) -> None:
        raise KubeError("could not read kubeconfig")

    monkeypatch.setattr(watching, "cluster_client", missing)
    lab.state = replace(lab.state, run="r2")
    lab.touch()

    watcher.step(103)

    assert lab.rounds == 2


def test_broken(watcher: Watcher, lab: Lab) -> None:
    """What cannot be checked is tried again every few seconds."""
    for now in range(101, 121):
        watcher.step(now)
    before, lab.broken = lab.rounds, True

    for now in range(121, 141):
        watcher.step(now)

    assert lab.rounds == before + 4


def test_run(lab: Lab) -> None:
    """It runs until its end, and closes what it has opened."""
    ended: list[Callable[[], object]] = []
    watcher = Watcher("ada", lab.open, lambda _: ended.pop()())
    ended.append(watcher.end)

    watcher.run()

    assert lab.closed == ["judge", "changes", "changes"]
