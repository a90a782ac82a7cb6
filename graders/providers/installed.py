"""What the kit installed on this computer, by its own notes.

The engine's role and the one that builds images write the notes: packages
that their apt-get brought, folders that were not there before, and kernel
settings that they raised. `lab purge` undoes that, and no more.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PROC_SYS: Final = Path("/proc/sys")
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_TIMEOUT_S: Final = 600.0
# What `apt-get --simulate` prints of a package that it would remove.
_REMOVED: Final = ("Purg", "Remv")


def as_root(*argv: str, stdin: str = "") -> str:
    """Run a command as root, by sudo if need be; return its output.

    Raises:
        CannotCheck: it takes root, or it failed.

    """
    prefix = () if os.geteuid() == 0 else ("sudo", "-n")
    try:
        done = subprocess.run(
            [*prefix, *argv],
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotCheck(f"could not run {argv[0]}: {error}") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise CannotCheck(
            f"could not run {' '.join(argv)[:80]}: {lines[-1]}",
            remedy="if it takes root, run `lab purge` by sudo",
        )
    return done.stdout


@dataclass(frozen=True)
class Setting:
    """A kernel setting that the kit changed since the computer started."""

    name: str
    before: str
    now: str

    @property
    def file(self) -> Path:
        """Where the kernel has it."""
        return PROC_SYS / self.name.replace(".", "/")


@dataclass(frozen=True)
class Installed:
    """The notes in `folder`."""

    folder: Path

    def packages(self) -> list[str]:
        """Return the packages that the kit installed and that are there."""
        return [one for one in self._lines("packages") if is_installed(one)]

    def places(self) -> list[Path]:
        """Return the folders that were not there before the kit."""
        return [
            place
            for place in map(Path, self._lines("places"))
            if place.is_absolute() and place.is_dir()
        ]

    def settings(self) -> list[Setting]:
        """Return settings that still have the value that the kit gave them.

        A restart of the computer has undone them.
        """
        found: dict[str, Setting] = {}
        for line in self._lines("settings"):
            name, before, after, boot = (*line.split(), "", "", "", "")[:4]
            if not boot or boot != _read(_BOOT):
                continue
            # The first note has the value of before.
            first = found.get(name, Setting(name, before, after))
            found[name] = Setting(name, first.before, after)
        return [one for one in found.values() if _read(one.file) == one.now]

    def _lines(self, name: str) -> list[str]:
        lines = _read(self.folder / name).splitlines()
        return [*dict.fromkeys(line.strip() for line in lines if line.strip())]


def restore_setting(setting: Setting, run: Callable[..., str]) -> None:
    """Give a kernel setting its earlier value.

    Raises:
        CannotCheck: it takes root.

    """
    run("tee", str(setting.file), stdin=setting.before)


def purge_packages(packages: Sequence[str], run: Callable[..., str]) -> None:
    """Remove packages, unless others need them by now.

    Raises:
        CannotCheck: others do, or it failed.

    """
    simulated = run("apt-get", "--simulate", "purge", *packages)
    more = sorted({*_removed(simulated)} - {*map(_bare, packages)})
    if more:
        raise CannotCheck(
            f"{', '.join(more)} need packages that the kit installed",
            remedy="remove those first if you need none of them:"
            f" sudo apt-get purge {' '.join(packages)}",
        )
    run(
        *("env", "DEBIAN_FRONTEND=noninteractive"),
        *("apt-get", "purge", "-y", *packages),
    )


def is_installed(package: str) -> bool:
    """Tell whether a package of Debian is installed."""
    if not shutil.which("dpkg-query"):
        return False
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0 and done.stdout.startswith("ii")


def _removed(simulated: str) -> Iterator[str]:
    for line in simulated.splitlines():
        words = line.split()
        if words[:1] and words[0] in _REMOVED:
            yield _bare(words[1])


def _bare(package: str) -> str:
    """Return a package's name without its architecture."""
    return package.partition(":")[0]


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
