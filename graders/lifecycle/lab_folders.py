"""The folders of students' labs on this computer, and their removal."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck, UsageError
from graders.lifecycle.lock import lock
from graders.plan.plan import check_student
from graders.settings import (
    installed_dir,
    progress_dir,
    progress_file,
    state_base,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOSTS_SUFFIX: Final = ".hosts"
_BLOCK: Final = 512
_MIB: Final = 1024**2
_GIB: Final = 1024**3


def lab_folders() -> Iterator[Path]:
    """Return the folders of students' labs; `ada.hosts` is one on hosts."""
    for folder in sorted(state_base().glob("*/")):
        with suppress(UsageError):
            check_student(student_of(folder))
            yield folder


def student_of(folder: Path) -> str:
    """Return whose lab a folder is of."""
    return folder.name.removesuffix(_HOSTS_SUFFIX)


def has_lab(student: str) -> bool:
    """Tell whether this account has a lab of the student."""
    return bool(student) and (state_base() / student).is_dir()


def is_used(folder: Path) -> bool:
    """Tell whether a folder is of a lab on hosts that may be there."""
    hosts = folder.name.endswith(_HOSTS_SUFFIX)
    return hosts and (folder / "kubeconfig").exists()


def remove_states(student: str) -> None:
    """Remove the folders of one student's labs, or all, with progress.

    Notes on what was installed go with the folders of all.

    Raises:
        CannotCheck: a command works on a lab, or files are root's.

    """
    for folder in lab_folders():
        if student not in {"", student_of(folder)} or is_used(folder):
            continue
        with lock(folder.name, "lab purge"):
            remove_folder(folder)
    if student:
        progress_file(student).unlink(missing_ok=True)
        return
    for folder in (installed_dir(), progress_dir()):
        if folder.is_dir():
            remove_folder(folder)
    with suppress(OSError):
        state_base().rmdir()


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it.

    Raises:
        CannotCheck: files of root are in it.

    """
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise CannotCheck(
            f"could not remove {error.filename or folder}: {error.strerror}",
            remedy=f"sudo rm -rf '{folder}'",
        ) from None


def size_of(*folders: Path) -> str:
    """Return what folders take on the disk."""
    size = 0
    for folder in folders:
        for place, _, names in os.walk(folder):
            for name in names:
                with suppress(OSError):
                    size += (Path(place) / name).lstat().st_blocks * _BLOCK
    if size >= _GIB:
        return f"{size / _GIB:.1f} GiB"
    return f"{size / _MIB:.1f} MiB"
