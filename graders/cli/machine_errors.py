"""Messages for errors of the machine: place, rule and remedy.

A full disk, a read-only folder or a missing package is no fault of the kit.
"""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Final

from graders.errors import CannotCheck
from graders.settings import ROOT, cache_dir, state_dir

_ROOM: Final = "make room there: `df -h {at}` shows the disk"
_WRITABLE: Final = "make it writable for you: `ls -ld {at}` shows its rights"
_LOCAL: Final = "use a folder on a disk of this computer"
_FEWER: Final = "end other programs, or raise the limit: `ulimit -a` shows it"

# By error number: what is wrong with a place, and what to do.
_RULES: Final[dict[int, tuple[str, str]]] = {
    errno.ENOSPC: ("no space is left on its disk", _ROOM),
    errno.EDQUOT: ("your quota of disk space is used up", _ROOM),
    errno.EFBIG: ("a file would be larger than your limit", _FEWER),
    errno.ENOENT: ("it has gone", "run the command again"),
    errno.EROFS: ("it is on a read-only file system", _WRITABLE),
    errno.EACCES: ("permission denied", _WRITABLE),
    errno.EPERM: ("operation not permitted", _WRITABLE),
    errno.ENOTDIR: ("it is no folder", "rename it, or remove it"),
    errno.EEXIST: ("it is no folder", "rename it, or remove it"),
    errno.EISDIR: ("it is a folder, not a file", "rename it, or remove it"),
    errno.ELOOP: ("its links lead to each other", "replace them"),
    errno.ENAMETOOLONG: ("its path is too long", "use a shorter one"),
    errno.ENOLCK: ("its file system has no locks", _LOCAL),
    errno.ESTALE: ("its file system has gone", _LOCAL),
    errno.EIO: ("the disk does not work", "look at `dmesg` and at the disk"),
    errno.EMFILE: ("too many files are open", _FEWER),
    errno.ENFILE: ("too many files are open", _FEWER),
    errno.ENOMEM: ("no memory is left", _FEWER),
    errno.EAGAIN: ("no more processes may be started", _FEWER),
}


def explain(error: Exception, student: str) -> CannotCheck | None:
    """Return the error for people, None if it may be a fault of the kit."""
    if isinstance(error, OSError):
        return _refused(error, student)
    if isinstance(error, MemoryError):
        return CannotCheck("no memory is left", remedy=_FEWER)
    if isinstance(error, ModuleNotFoundError):
        return missing_package(error)
    return None


def missing_package(error: ModuleNotFoundError) -> CannotCheck | None:
    """Return the error for a package that the kit needs, None for its own.

    A newer kit may need more than what is installed, and only `make` looks.
    """
    package = (error.name or "graders").partition(".")[0]
    if package == "graders":
        return None
    return CannotCheck(
        f"the Python package {package} is not installed",
        remedy="`make doctor` installs what the kit needs",
    )


def _refused(error: OSError, student: str) -> CannotCheck | None:
    """Return what the operating system refuses.

    An error without a path came from writing to an open file, of which most
    are in the student's folder.
    """
    if error.errno not in _RULES:
        return None
    rule, remedy = _RULES[error.errno]
    place = _place(error)
    # A missing file is one that a person may have removed, or the kit's.
    may_go = place is not None and _variable(place, student)
    if error.errno == errno.ENOENT and not may_go:
        return None
    place = place or state_dir(student)
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        place = _first_file(place)
    remedy = remedy.format(at=_existing(place))
    if variable := _variable(place, student):
        remedy += f"; or set {variable} to another folder"
    return CannotCheck(f"could not use {place}: {rule}", remedy=remedy)


def _place(error: OSError) -> Path | None:
    name = error.filename
    return Path(os.fsdecode(name)) if isinstance(name, str | bytes) else None


def _first_file(place: Path) -> Path:
    """Return what is a file, but has a place below a folder's."""
    files = (one for one in (place, *place.parents) if os.path.isfile(one))  # noqa: PTH113 - Path's own raises
    return next(files, place)


def _existing(place: Path) -> Path:
    """Return the place, or the folder that it would be in."""
    candidates = (place, *place.parents)
    return next((one for one in candidates if os.path.exists(one)), place)  # noqa: PTH110 - Path's own raises


def _variable(place: Path, student: str) -> str:
    """Return the variable that moves a place, "" if there is none."""
    folders = {
        "METALLB_LAB_STATE": state_dir(student).parent,
        "METALLB_LAB_CACHE": cache_dir(),
        "TMPDIR": Path(tempfile.gettempdir()),
    }
    if place.is_relative_to(ROOT):
        return ""
    for name, folder in folders.items():
        # The folder itself may be what cannot be created.
        if place.is_relative_to(folder) or folder.is_relative_to(place):
            return name
    return ""
