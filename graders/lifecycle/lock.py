"""One command at a time on one student's lab.

The lock is the operating system's on an open file, so it ends with the
process that holds it, whatever ended that. The file beside it only tells
others who holds the lock; what is in it never blocks anybody.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final

from filelock import FileLock, Timeout

from graders.errors import CannotCheck
from graders.lifecycle.processes import terminate_tagged
from graders.settings import cache_dir, state_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_WAY_OUT: Final = "wait until it has ended, or end it"


@contextmanager
def lock(student: str, verb: str) -> Iterator[None]:
    """Hold the student's lab for `verb`, as in `lab reset`.

    It does not wait, and it is not to be taken twice by one process.

    Raises:
        CannotCheck: another command holds the lab, or the lock's folder
            cannot be written.

    """
    folder = state_dir(student)
    holder = folder / "lock.json"
    held = _acquire(folder)
    try:
        # What a command that was killed left running must not work against
        # this one.
        terminate_tagged(str(folder))
        _tell(holder, verb)
        yield
    finally:
        holder.unlink(missing_ok=True)
        held.release()


@contextmanager
def machine_lock(tell: Callable[[str], None]) -> Iterator[None]:
    """Hold what all students of this computer share: engine, images, tools.

    It waits; `tell` hears of it if there is anybody to wait for.

    Raises:
        CannotCheck: the lock's folder cannot be written.

    """
    folder = cache_dir()
    held = FileLock(folder / "lock")
    with _writable(folder, "METALLB_LAB_CACHE"):
        try:
            held.acquire(timeout=0)
        except Timeout:
            tell("waiting for another command that makes images or networks")
            held.acquire()
    try:
        yield
    finally:
        held.release()


@contextmanager
def _writable(folder: Path, variable: str) -> Iterator[None]:
    """Make a folder for a lock; turn what is in the way into words."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise CannotCheck(
            f"could not lock {error.filename or folder}: {error.strerror}",
            way_out=f"make the folder yours, or set {variable} to another",
        ) from None


def _acquire(folder: Path) -> FileLock:
    held = FileLock(folder / "lock")
    with _writable(folder, "METALLB_LAB_STATE"):
        try:
            held.acquire(timeout=0)
        except Timeout:
            raise CannotCheck(
                "another command holds the lab"
                f"{_holder(folder / 'lock.json')}",
                way_out=_WAY_OUT,
            ) from None
    return held


def _tell(holder: Path, verb: str) -> None:
    """Write who holds the lock, in one step."""
    since = datetime.now().astimezone()
    text = json.dumps(
        {"verb": verb, "pid": os.getpid(), "since": since.isoformat()}
    )
    new = holder.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(holder)


def _holder(holder: Path) -> str:
    """Describe the holder; empty when the file is missing or stale."""
    try:
        found = json.loads(holder.read_text(encoding="utf-8"))
        verb, pid = str(found["verb"]), int(found["pid"])
        since = datetime.fromisoformat(found["since"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    if not _alive(pid):
        return ""
    return f": `{verb}`, pid {pid}, since {since:%H:%M}"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True  # it is another user's
    except (OSError, OverflowError):
        return False
    return True
