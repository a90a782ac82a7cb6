"""Checks run in threads; what they raise is raised to whoever waits."""

from __future__ import annotations

import threading

import pytest

from graders.grading.scheduler import CheckScheduler


def test_result() -> None:
    """It waits for the check, whose seconds are kept."""
    scheduler, done = CheckScheduler(), threading.Event()
    scheduler.submit("vip", lambda: assert_set(done))
    done.set()

    scheduler.result("vip")

    assert scheduler.seconds["vip"] >= 0


def assert_set(event: threading.Event) -> None:
    """Wait for the event."""
    assert event.wait(5)


def test_parallel() -> None:
    """Two checks that wait for each other both end."""
    scheduler, both = CheckScheduler(), threading.Barrier(2)
    for name in ("vip", "arp"):
        scheduler.submit(name, lambda: wait(both))

    for name in ("vip", "arp"):
        scheduler.result(name)


def wait(barrier: threading.Barrier) -> None:
    """Wait at the barrier."""
    barrier.wait(5)


def test_once() -> None:
    """A check that was submitted is not started again."""
    scheduler, runs = CheckScheduler(), list[int]()
    assert not scheduler.started("vip")

    for _ in range(2):
        scheduler.submit("vip", lambda: runs.append(1))
        scheduler.result("vip")

    assert scheduler.started("vip")
    assert runs == [1]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(2)])
def test_error(error: BaseException) -> None:
    """Whatever a check raises, seconds are kept and nothing is lost."""
    scheduler = CheckScheduler()

    def check() -> None:
        raise error

    scheduler.submit("vip", check)

    with pytest.raises(type(error)):
        scheduler.result("vip")
    assert "vip" in scheduler.seconds
