"""Findings of the doctor, and its interface to this computer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from graders.providers import capture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

STOPPED: Final = 3


@dataclass(frozen=True)
class Finding:
    """One fact about a machine, and what to do about it.

    `ok` is None if it is not known; a `fatal` finding that is not ok stops a
    lab, any other is a warning.
    """

    name: str
    ok: bool | None
    observed: str
    requirement: str
    remedy: str = ""
    fatal: bool = False


def unknown(name: str, observed: str, requirement: str) -> Finding:
    """Return a finding about what cannot be seen here."""
    return Finding(name, ok=None, observed=observed, requirement=requirement)


class Report(Protocol):
    """All findings about the place where a lab would run."""

    @property
    def all(self) -> list[Finding]:
        """Every finding."""

    @property
    def remedy(self) -> str:
        """What to say after all that stops a lab."""

    def stops(self) -> list[str]:
        """Return what would stop a lab, one line each."""

    def warnings(self) -> list[str]:
        """Return what people should know before a lab is created."""

    def table(self) -> Table:
        """Return the findings as a table for the terminal."""


def exit_code(findings: Sequence[Finding]) -> int:
    """Return 3 if anything found would stop a lab, else 0."""
    stops = any(item.fatal and item.ok is False for item in findings)
    return STOPPED if stops else 0


class Host(Protocol):
    """What the probes read of a computer; tests have their own."""

    @property
    def platform(self) -> str:
        """`linux`, `darwin` or `win32`."""

    @property
    def root(self) -> bool:
        """Whether this is the superuser."""

    def read(self, path: str) -> str:
        """Return a file's text, empty if it cannot be read."""

    def run(self, *argv: str) -> str | None:
        """Return a program's output, None if it fails or is not there."""

    def which(self, program: str) -> bool:
        """Tell whether a program is on PATH."""

    def env(self, name: str) -> str:
        """Return an environment variable, empty if it is not set."""

    def disk_free(self, path: str) -> int:
        """Return free bytes where `path` is, or will be."""

    def cores(self) -> int:
        """Return the number of cores that this process may use."""

    def now(self) -> datetime:
        """Return the time of day, with its zone."""

    def changed(self, path: Path) -> datetime | None:
        """Return when a file was last changed, None if it is not there."""


class ThisHost:
    """The computer that this runs on."""

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
            done = capture.run(argv, timeout=20)
            done.check_returncode()
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
