"""What the doctor reads of this machine, behind one small interface."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Finding:
    """One thing about the machine, and what to do about it.

    `ok` is None when it could not be looked at; a `fatal` finding that is
    not ok stops a lab, any other is a warning.
    """

    name: str
    ok: bool | None
    observed: str
    rule: str
    way_out: str = ""
    fatal: bool = False


class Host(Protocol):
    """Everything that the probes read; tests give their own."""

    @property
    def platform(self) -> str:
        """`linux`, `darwin` or `win32`."""
        ...

    @property
    def root(self) -> bool:
        """Whether this is the superuser."""
        ...

    def read(self, path: str) -> str:
        """Return a file's text, empty if it cannot be read."""
        ...

    def run(self, *argv: str) -> str | None:
        """Return a program's output, None if it fails or is not there."""
        ...

    def which(self, program: str) -> bool:
        """Say whether a program is on PATH."""
        ...

    def env(self, name: str) -> str:
        """Return an environment variable, empty if it is not set."""
        ...

    def disk_free(self, path: str) -> int:
        """Return free bytes where `path` is, or will be."""
        ...

    def cores(self) -> int:
        """Return the number of cores that this process may use."""
        ...

    def now(self) -> datetime:
        """Return the time of day, with its zone."""
        ...

    def changed(self, path: Path) -> datetime | None:
        """Return when a file was last changed, None if it is not there."""
        ...


class ThisHost:
    """The machine that this runs on."""

    @property
    def platform(self) -> str:
        """See Host."""
        return sys.platform

    @property
    def root(self) -> bool:
        """See Host."""
        return hasattr(os, "geteuid") and os.geteuid() == 0

    def read(self, path: str) -> str:
        """See Host."""
        try:
            return Path(path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def run(self, *argv: str) -> str | None:
        """See Host."""
        try:
            done = subprocess.run(
                argv, capture_output=True, text=True, timeout=20, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()

    def which(self, program: str) -> bool:
        """See Host."""
        return shutil.which(program) is not None

    def env(self, name: str) -> str:
        """See Host."""
        return os.environ.get(name, "")

    def disk_free(self, path: str) -> int:
        """See Host."""
        at = Path(path)
        while not at.exists():
            at = at.parent
        return shutil.disk_usage(at).free

    def cores(self) -> int:
        """See Host."""
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    def now(self) -> datetime:
        """See Host."""
        return datetime.now().astimezone()

    def changed(self, path: Path) -> datetime | None:
        """See Host."""
        try:
            seconds = path.stat().st_mtime
        except OSError:
            return None
        return datetime.fromtimestamp(seconds).astimezone()
