"""Ends what a playbook started, also what went on in the background.

Every process of a playbook inherits one environment variable that names the
student's folder. So an interrupted command, and the next one after a
kill -9, find all that is left by it and nothing else.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Final

MARK: Final = "METALLB_LAB_PLAYBOOK"

# An engine that a playbook started serves others too: it stays.
_STAYS: Final = (
    "dockerd",
    "containerd",
    "docker-proxy",
    "runc",
    "docker-init",
)
_PROC: Final = Path("/proc")


def find_tagged(value: str) -> list[int]:
    """Return the processes that carry the mark `value`, but not this one.

    Where there is no /proc, there are none.
    """
    wanted = f"{MARK}={value}".encode()
    found = [int(at.name) for at in _PROC.glob("[0-9]*") if _has(at, wanted)]
    return [pid for pid in found if pid != os.getpid()]


def terminate_tagged(value: str, patience: float = 5.0) -> int:
    """End the processes that carry the mark; return how many there were.

    They are asked to end, and after `patience` seconds made to.
    """
    asked = _signal(find_tagged(value), signal.SIGTERM)
    deadline = time.monotonic() + patience
    while asked and find_tagged(value):
        if time.monotonic() > deadline:
            _signal(find_tagged(value), signal.SIGKILL)
            break
        time.sleep(0.05)
    return asked


def _has(folder: Path, wanted: bytes) -> bool:
    try:
        if wanted not in (folder / "environ").read_bytes().split(b"\0"):
            return False
        name = (folder / "comm").read_text(encoding="utf-8").strip()
    except OSError:
        return False  # it has just ended, or is another user's
    return not name.startswith(_STAYS)


def _signal(pids: list[int], number: signal.Signals) -> int:
    sent = 0
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            continue
        sent += 1
    return sent
