"""Terminate the processes of a playbook, background ones included.

Every process of a playbook inherits an environment variable that names the
student's folder. An interrupted command, and the next one after a kill -9,
find the remaining processes by it.

kind runs in a session of its own. Where there is no /proc, it is found by the
process group that was noted when it started.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graders.providers.scripts import Command, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
# Seconds after which a process that was asked to end is killed.
_PATIENCE_S: Final = 5.0
_PAUSE_S: Final = 0.05
# Of what `ps` is asked for.
_COLUMNS: Final = 4


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


def terminate_leftovers(folder: Path) -> None:
    """Terminate what an interrupted command left running for a lab.

    `folder` is the student's. Afterwards kind neither creates nor deletes
    nodes of that lab any more.
    """
    terminate_tagged(str(folder))
    terminate_group(folder / "kind" / "pid", str(folder / "kubeconfig"))


def terminate_tagged(value: str, patience: float = _PATIENCE_S) -> int:
    """Terminate the tagged processes; return how many there were.

    They are killed after `patience` seconds.
    """
    return _terminate(lambda: find_tagged(value), patience)


def terminate_group(
    pid_file: Path, word: str, patience: float = _PATIENCE_S
) -> int:
    """Terminate the process group that a file names; return its size.

    Its number may be in use again, by another program: a group none of whose
    processes has `word` as an argument is left alone.
    """
    try:
        group = int(pid_file.read_text("utf-8"))
    except (OSError, ValueError):
        return 0
    if group <= 1 or not any(word in it for it in _members(group).values()):
        return 0
    return _terminate(lambda: list(_members(group)), patience)


def _terminate(find: Callable[[], list[int]], patience: float) -> int:
    """Ask processes to end, then make them; return how many there were.

    Returns when none is left, or those that are left cannot be ended.
    """
    asked: set[int] = set()
    began = time.monotonic()
    while pids := find():
        late = time.monotonic() - began
        if late > 2 * patience:
            break
        if late > patience:
            _signal(pids, signal.SIGKILL)
        else:
            _signal([pid for pid in pids if pid not in asked], signal.SIGTERM)
        asked |= set(pids)
        time.sleep(_PAUSE_S)
    return len(asked)


def _members(group: int) -> dict[int, str]:
    """Return the processes of a group, with their command lines."""
    try:
        os.killpg(group, 0)
    except OSError:
        return {}  # it has ended, or belongs to another user
    found = _all_processes() if _PROC.is_dir() else _all_by_ps()
    return {pid: words for pid, (its, words) in found.items() if its == group}


def _all_processes() -> dict[int, tuple[int, str]]:
    """Return group and command line of every process, but not of zombies."""
    found = {}
    for folder in _PROC.glob("[0-9]*"):
        with suppress(OSError):
            pid = int(folder.name)
            line = (folder / "cmdline").read_text("utf-8", "replace")
            if line:
                found[pid] = os.getpgid(pid), line.replace("\0", " ")
    return found


def _all_by_ps() -> dict[int, tuple[int, str]]:
    """Return the same where there is no /proc, as on macOS."""
    argv = ["ps", "-A", "-ww", "-o", "pid=,pgid=,state=,command="]
    listed = run(Command(argv)).stdout.splitlines()
    lines = [line.split(maxsplit=_COLUMNS - 1) for line in listed]
    return {
        int(line[0]): (int(line[1]), line[3])
        for line in lines
        if len(line) == _COLUMNS and not line[2].startswith("Z")
    }


def _has_tag(folder: Path, tag: bytes) -> bool:
    try:
        if tag not in (folder / "environ").read_bytes().split(b"\0"):
            return False
        name = (folder / "comm").read_text(encoding="utf-8").strip()
    except OSError:
        return False  # it has just ended, or belongs to another user
    return not name.startswith(_KEPT_PROGRAMS)


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(OSError):
            os.kill(pid, number)
