"""Checks are judged again, each as soon as those that it needs pass."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from graders.checks.check import CheckFailed
from graders.errors import CannotCheck
from graders.watch.judge import Judge
from graders.watch.looks import Watched
from tests.watching import spec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from graders.checks.session import Session


@dataclass
class Lab:
    """A lab whose checks do what `does` has for them; they pass otherwise."""

    session: Session
    does: dict[str, Callable[[], object]] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    shown: threading.Semaphore = field(
        default_factory=lambda: threading.Semaphore(0)
    )

    def check(self, name: str, *needs: str) -> Watched:
        """Return a check of this lab."""

        def look(_: Session) -> None:
            self.ran.append(name)
            self.does.get(name, lambda: None)()

        return Watched(spec(name, "allocation", *needs), look)

    def judge(self, *checks: Watched) -> Judge:
        """Return a judge of these checks."""
        return Judge(checks, self.shown.release)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """Return a lab without a cluster."""
    file = SimpleNamespace(grader_file=tmp_path / "test_lab.py")
    return Lab(cast("Session", SimpleNamespace(lab=file)))


def _wait(judge: Judge) -> dict[str, str]:
    """Wait until no check runs; return marks by name."""
    deadline = time.monotonic() + 5
    while judge.busy and time.monotonic() < deadline:
        time.sleep(0.005)
    return {row.spec.name: row.mark for row in judge.rows}


def _fail() -> None:
    raise CheckFailed("expected a VIP, not <pending>", seen_by="kubectl get")


def test_all_pass(lab: Lab) -> None:
    """Each check runs after the one that it needs, whatever the order."""
    judge = lab.judge(lab.check("arp", "vip"), lab.check("vip"))

    judge.begin(lab.session)

    assert _wait(judge) == {"arp": "pass", "vip": "pass"}
    assert lab.ran == ["vip", "arp"]
    assert lab.shown.acquire(blocking=False)


def test_fail(lab: Lab) -> None:
    """A failure has its reason; what needs the check is not judged."""
    judge = lab.judge(
        lab.check("vip"), lab.check("arp", "vip"), lab.check("http", "arp")
    )
    lab.does["vip"] = _fail

    judge.begin(lab.session)

    assert _wait(judge) == {"vip": "fail", "arp": "needs", "http": "needs"}
    vip, arp, _ = judge.rows
    assert (vip.reason, vip.command) == (
        "expected a VIP, not <pending>",
        "kubectl get",
    )
    assert arp.reason == "needs vip"
    assert lab.ran == ["vip"]


def test_green_and_red_again(lab: Lab) -> None:
    """Each round judges everything again."""
    judge = lab.judge(lab.check("vip"), lab.check("arp", "vip"))
    marks = []
    for failing in (True, False, True):
        lab.does = {"vip": _fail} if failing else {}
        judge.begin(lab.session)
        marks.append(_wait(judge))

    broken = {"vip": "fail", "arp": "needs"}
    assert marks == [broken, {"vip": "pass", "arp": "pass"}, broken]


@pytest.mark.parametrize("error", [CannotCheck("docker is down"), KeyError(1)])
def test_cannot_check(lab: Lab, error: Exception) -> None:
    """What keeps the kit from looking is no failure."""

    def stop() -> None:
        raise error

    judge = lab.judge(lab.check("vip"))
    lab.does["vip"] = stop

    judge.begin(lab.session)

    assert _wait(judge) == {"vip": "cannot-check"}
    assert judge.broken


def test_running_check(lab: Lab) -> None:
    """A check that a round finds running is run once more afterwards."""
    go = threading.Event()
    lab.does["vip"] = lambda: go.wait(5)
    judge = lab.judge(lab.check("vip"))

    for _ in range(3):
        judge.begin(lab.session)
    go.set()

    assert _wait(judge) == {"vip": "pass"}
    assert lab.ran == ["vip", "vip"]


def test_stop(lab: Lab) -> None:
    """After a stop, the verdict of a running check is dropped."""
    go = threading.Event()
    lab.does["vip"] = lambda: go.wait(5)
    judge = lab.judge(lab.check("vip"), lab.check("arp", "vip"))
    judge.begin(lab.session)

    judge.stop()
    go.set()

    assert _wait(judge) == {"vip": "waiting", "arp": "waiting"}
    assert lab.ran == ["vip"]


def test_only_grade(lab: Lab) -> None:
    """A check that changes something is shown, and not run."""
    judge = lab.judge(Watched(spec("filter"), None))

    judge.begin(lab.session)

    assert _wait(judge) == {"filter": "grade"}


def test_session(lab: Lab) -> None:
    """A check gets the session of the round."""
    sessions: list[Any] = []
    judge = Judge([Watched(spec("vip"), sessions.append)], lab.shown.release)

    judge.begin(lab.session)
    _wait(judge)

    assert sessions == [lab.session]
