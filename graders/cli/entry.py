"""The console scripts `lab` and `grade`."""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module
from typing import Final

# The exit code of a program that Ctrl-C ended, as shells report it.
_INTERRUPTED: Final = 130
_NOT_CHECKED: Final = 3
# Of the rights that a umask may take away, those of the owner.
_OWNER: Final = 0o700
_WINDOWS: Final = (
    "labs run on Linux, and on Windows inside WSL2; type `wsl --install` in"
    " PowerShell, then clone and use the kit in its shell"
)


def lab() -> None:
    """Run `lab`."""
    _run("lab")


def grade() -> None:
    """Run `grade`."""
    _run("grade")


def _run(name: str) -> None:
    if os.name == "nt":
        _end(name, _WINDOWS)
    try:
        _prepare()
        # Importing takes 0.5 s; Ctrl-C during it must not show a traceback.
        app = getattr(import_module("graders.cli.main"), f"{name}_app")
        app(prog_name=name)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except ModuleNotFoundError as error:
        from graders.cli.machine_errors import missing_package

        if missing := missing_package(error):
            _end(name, str(missing))
        raise


def _prepare() -> None:
    """Let odd locales and umasks do no harm.

    What a terminal's encoding lacks is printed as an escape sequence, and
    the kit may read and write its own files.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    os.umask(os.umask(_OWNER) & ~_OWNER)


def _end(name: str, problem: str) -> None:
    sys.stderr.write(f"{name}: {problem}\n")
    sys.exit(_NOT_CHECKED)
