"""Locks: one command at a time changes a student's lab.

The operating system locks an open file, so the lock ends with its process.
A second file only says which command holds the lock. Other accounts have other
files, so each lock is one of the computer, too.
"""

from __future__ import annotations

import errno
import json
import os
import time
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Final

from filelock import FileLock, Timeout

from graders.errors import MALFORMED, CannotCheck, printable
from graders.files import read_text, write_atomically
from graders.lifecycle.computer_lock import ComputerLock
from graders.lifecycle.processes import terminate_leftovers
from graders.settings import cache_dir, state_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Writing a kubeconfig takes milliseconds.
_STALE_S: Final = 2.0
_PAUSE_S: Final = 0.1
# What some network file systems answer. A lock by a file's existence instead
# would stay after its process.
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})
# Longer than a command can take (see playbook.py).
_WAIT_LIMIT_S: Final = 7 * 3600.0
_WAIT_STEP_S: Final = 0.2


@contextmanager
def lock(student: str, verb: str) -> Iterator[None]:
    """Hold the student's lab for `verb`, as in `lab reset`.

    It does not wait, and a process must not take it twice.

    Raises:
        CannotCheck: another command holds the lab, or the lock's folder
            cannot be written.

    """
    folder = state_dir(student)
    computer = ComputerLock(folder.name, verb, "METALLB_LAB_STATE")
    with ExitStack() as after:
        after.callback(_acquire(folder).release)
        if not _taken(computer):
            raise _is_held(computer.holder())
        after.callback(computer.release)
        # It holds a kubeconfig, logs and answers, which are nobody else's.
        with suppress(OSError):
            folder.chmod(0o700)
        # Processes left by an interrupted command would interfere.
        terminate_leftovers(folder)
        _remove_stale_lock(folder / "kubeconfig.lock")
        _remove_half_files(folder)
        after.callback((folder / "lock.json").unlink, missing_ok=True)
        _write_holder(folder / "lock.json", verb)
        yield


def lab_holder(student: str) -> str:
    """Return which command of this account holds the student's lab, or ""."""
    return _holder(state_dir(student) / "lock.json")


@contextmanager
def machine_lock(command: str, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold what all students of this computer share: engine, images, tools.

    It waits for another command, and tells `tell` for which one. `command` is
    what others are told.

    Raises:
        CannotCheck: the lock's folder cannot be written, or the other command
            does not end.

    """
    folder = cache_dir()
    held = FileLock(folder / "lock", fallback_to_soft=False)
    computer = ComputerLock("machine", command, "METALLB_LAB_CACHE")
    _wait(lambda: _taken(computer), computer.holder, tell)
    try:
        with _writable(folder, "METALLB_LAB_CACHE"):
            _wait(lambda: _try(held), lambda: "", tell)
        yield
    finally:
        held.release()
        computer.release()


@contextmanager
def folder_lock(
    folder: Path, command: str, tell: Callable[[str], None]
) -> Iterator[None]:
    """Hold a folder that several commands change; create it.

    It waits for another command, and tells `tell` for which one.

    Raises:
        CannotCheck: as `machine_lock`.

    """
    held = FileLock(folder / "lock", fallback_to_soft=False)
    holder = folder / "lock.json"
    with _writable(folder, "--class"):
        _wait(
            lambda: _try(held),
            lambda: _holder(holder) or "another command of the class",
            tell,
        )
    try:
        _write_holder(holder, command)
        yield
    finally:
        holder.unlink(missing_ok=True)
        held.release()


def _wait(
    take: Callable[[], bool],
    holder: Callable[[], str],
    tell: Callable[[str], None],
) -> None:
    """Wait until `take` succeeds; report each holder of the lock."""
    told = None
    deadline = time.monotonic() + _WAIT_LIMIT_S
    while not take():
        who = holder() or "another command that creates images or networks"
        if who != told:
            tell(f"waiting for {who}")
            told = who
        if time.monotonic() > deadline:
            raise CannotCheck(
                f"waited {_WAIT_LIMIT_S:.0f} s for {who}",
                remedy="end it, then run this again",
            )
        time.sleep(_WAIT_STEP_S)


def _try(held: FileLock) -> bool:
    try:
        held.acquire(timeout=0)
    except Timeout:
        return False
    return True


def _taken(lock: ComputerLock) -> bool:
    """Take a lock of the computer; where there can be none, files must do."""
    try:
        return lock.acquire()
    except OSError:
        return True


def _is_held(holder: str) -> CannotCheck:
    return CannotCheck(
        f"another command holds the lab{holder and f': {holder}'}",
        remedy="wait until it has ended, or end it",
    )


@contextmanager
def _writable(folder: Path, variable: str) -> Iterator[None]:
    """Create a lock's folder; raise CannotCheck if that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        remedy = f"make the folder writable, or set {variable} to another"
        if error.errno in _NO_LOCKS:
            remedy = (
                f"its file system has no locks; set {variable} to a folder on"
                " a disk of this computer"
            )
        raise CannotCheck(
            f"could not lock {error.filename or folder}: {error.strerror}",
            remedy=remedy,
        ) from None


def _acquire(folder: Path) -> FileLock:
    held = FileLock(folder / "lock", fallback_to_soft=False)
    with _writable(folder, "METALLB_LAB_STATE"):
        if not _try(held):
            raise _is_held(_holder(folder / "lock.json"))
    return held


def _remove_stale_lock(file: Path) -> None:
    """Remove the lock that kubectl or kind left when it was killed.

    They never do that themselves, and no command could write the kubeconfig.
    One that is new is waited for: a student's kubectl may be writing.
    """
    deadline = time.monotonic() + 2 * _STALE_S
    with suppress(OSError):
        # A clock that was set back makes it newer than now.
        while 0 <= time.time() - file.stat().st_mtime < _STALE_S:
            if time.monotonic() > deadline:
                return  # it is another one each time
            time.sleep(_PAUSE_S)
        file.unlink()


def _remove_half_files(folder: Path) -> None:
    """Remove what killed commands have not written to its end."""
    for place in (".", "lab", "bin", "kind", "runner"):
        for file in (folder / place).glob("*.new"):
            with suppress(OSError):
                file.unlink()


def _write_holder(holder: Path, verb: str) -> None:
    """Write which command holds the lock."""
    since = datetime.now().astimezone()
    text = json.dumps(
        {"verb": verb, "pid": os.getpid(), "since": since.isoformat()}
    )
    write_atomically(holder, text)


def _holder(holder: Path) -> str:
    """Describe the holder; empty when the file is missing or stale."""
    try:
        found = json.loads(read_text(holder))
        verb, pid = str(found["verb"]), int(found["pid"])
        since = datetime.fromisoformat(found["since"])
    except (OSError, *MALFORMED):
        return ""
    if not _alive(pid):
        return ""
    return f"`{printable(verb)}`, pid {pid}, since {since:%H:%M}"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True  # it belongs to another user
    except (OSError, OverflowError):
        return False
    return True
