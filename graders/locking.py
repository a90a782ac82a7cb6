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
from graders.paths import state_dir

if TYPE_CHECKING:
    from collections.abc import Iterator
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
        _tell(holder, verb)
        yield
    finally:
        holder.unlink(missing_ok=True)
        held.release()


def _acquire(folder: Path) -> FileLock:
    held = FileLock(folder / "lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held.acquire(timeout=0)
    except Timeout:
        raise CannotCheck(
            f"another command holds the lab{_holder(folder / 'lock.json')}",
            way_out=_WAY_OUT,
        ) from None
    except OSError as error:
        raise CannotCheck(
            f"could not lock {error.filename or folder}: {error.strerror}",
            way_out="make the folder yours, or set METALLB_LAB_STATE to"
            " another",
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
