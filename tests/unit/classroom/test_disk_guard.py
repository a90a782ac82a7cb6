"""A lab that fills the disk is stopped before the disk is full."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from graders.classroom import disk_guard
from graders.classroom.disk_guard import GIB, DiskGuard, free_bytes


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often."""
    monkeypatch.setattr(disk_guard, "_PAUSE_S", 0.01)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (100 * GIB, 95 * GIB, "lost more than 4 GiB"),
        (3 * GIB, 1 * GIB, "less than 2 GiB were left"),
    ],
)
def test_too_little_is_left(before: int, after: int, reason: str) -> None:
    """Everything stops once, and the reason is kept."""
    stopped = threading.Event()
    values = iter([before, before])

    with DiskGuard(
        [Path("/")], stopped.set, lambda _: next(values, after)
    ) as guard:
        assert stopped.wait(10)

    assert reason in guard.reason


@pytest.mark.parametrize("free", [50 * GIB, 1 * GIB])
def test_nothing_happens(free: int) -> None:
    """A disk that was full before is nobody's deed."""
    looks = threading.Semaphore(0)

    def look(_: Path) -> int:
        looks.release()
        return free

    with DiskGuard([Path("/")], lambda: None, look) as guard:
        for _ in range(4):
            assert looks.acquire(timeout=10)

    assert not guard.reason


def test_a_real_folder(tmp_path: Path) -> None:
    """The space is the file system's."""
    assert free_bytes(tmp_path) > 0
