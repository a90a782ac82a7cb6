"""Stop a lab that fills this computer's disk.

Containers share the disk with everything else, and most file systems have no
quota for them. So free space is watched while a stranger's commands run.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

GIB: Final = 1024**3
# What must stay free, and what one repair may take: the largest takes 0.1 GiB.
RESERVE: Final = 2 * GIB
MOST: Final = 4 * GIB
_PAUSE_S: Final = 0.5


def free_bytes(folder: Path) -> int:
    """Return the free space of a folder's file system."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


class DiskGuard:
    """Calls `stop` once too little is free; `reason` then says so."""

    def __init__(
        self,
        folders: Sequence[Path],
        stop: Callable[[], None],
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        """Keep what is free now; nothing is watched yet."""
        self.reason = ""
        self._stop = stop
        self._free = free
        self._before = {folder: free(folder) for folder in folders}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End watching."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_PAUSE_S):
            if reason := self._problem():
                self.reason = reason
                self._stop()
                return

    def _problem(self) -> str:
        for folder, before in self._before.items():
            free = self._free(folder)
            if before - free > MOST:
                return (
                    f"the disk of {folder} lost more than"
                    f" {MOST // GIB} GiB while it was played"
                )
            if free < RESERVE < before:
                return (
                    f"less than {RESERVE // GIB} GiB were left on the disk of"
                    f" {folder} while it was played"
                )
        return ""
