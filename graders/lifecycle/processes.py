"""Terminate the processes of a playbook, background ones included.

Every process of a playbook inherits an environment variable that names the
student's folder. An interrupted command, and the next one after a kill -9,
find the remaining processes by it.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Final

MARK: Final = "METALLB_LAB_PLAYBOOK"

# An engine that a playbook started serves other students, too.
_KEPT_PROGRAMS: Final = (
    "dockerd",
    "containerd",
    "docker-proxy",
    "runc",
    "docker-init",
)
_PROC: Final = Path("/proc")


def find_tagged(value: str) -> list[int]:
    """Return the processes that are tagged with `value`, but not this one.

    Without /proc, as on macOS, there are none.
    """
    tag = f"{MARK}={value}".encode()
    pids = [
        int(folder.name)
        for folder in _PROC.glob("[0-9]*")
        if _has_tag(folder, tag)
    ]
    return [pid for pid in pids if pid != os.getpid()]


def terminate_tagged(value: str, patience: float = 5.0) -> int:
    """Terminate the tagged processes; return how many there were.

    They are killed after `patience` seconds.
    """
    count = _signal(find_tagged(value), signal.SIGTERM)
    deadline = time.monotonic() + patience
    while count and find_tagged(value):
        if time.monotonic() > deadline:
            _signal(find_tagged(value), signal.SIGKILL)
            break
        time.sleep(0.05)
    return count


def _has_tag(folder: Path, tag: bytes) -> bool:
    try:
        if tag not in (folder / "environ").read_bytes().split(b"\0"):
            return False
        name = (folder / "comm").read_text(encoding="utf-8").strip()
    except OSError:
        return False  # it has just ended, or belongs to another user
    return not name.startswith(_KEPT_PROGRAMS)


def _signal(pids: list[int], number: signal.Signals) -> int:
    sent = 0
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            continue
        sent += 1
    return sent
