"""Reports on faults of the kit itself, as files to send to its authors."""

from __future__ import annotations

import os
import platform
import re
import sys
import traceback
from importlib import metadata
from typing import TYPE_CHECKING, Final

from graders.files import write_record
from graders.settings import state_dir

if TYPE_CHECKING:
    from collections.abc import Sequence

_FOLDER: Final = "faults"
_PACKAGES: Final = ("metallb-lab-kit", "ansible-core", "ansible-runner")
# User and password in a URL, such as a proxy's.
_CREDENTIALS: Final = re.compile(r"(?<=://)[^/\s@]+@")


def save_fault_report(student: str) -> str:
    """Write what is known of the current exception; return where it is.

    Instead of the place, return why it could not be written.
    """
    text = _report(sys.argv, traceback.format_exc())
    try:
        file = write_record(state_dir(student) / _FOLDER, "fault.txt", text)
    except OSError as error:
        return f"its report could not be kept: {error}"
    return f"please report it with {file}"


def _report(argv: Sequence[str], trace: str) -> str:
    """Return command, versions and traceback, without secrets."""
    lines = [
        f"command: {' '.join(_command(argv))}",
        *(f"{name}: {_version(name)}" for name in _PACKAGES),
        f"python: {platform.python_version()}",
        f"system: {platform.platform()}",
        "",
        trace,
    ]
    return _CREDENTIALS.sub("", "\n".join(lines))


def _command(argv: Sequence[str]) -> list[str]:
    """Return the command; what a shell was to run is the user's own."""
    words = [os.path.basename(argv[0]), *argv[1:]]  # noqa: PTH119 - a name
    end = words.index("-c") + 1 if "-c" in words else len(words)
    return words[:end]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"
