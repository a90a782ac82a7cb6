"""The console scripts `lab` and `grade`."""

from __future__ import annotations

import sys

# The exit code of a program that Ctrl-C ended, as shells report it.
_INTERRUPTED = 130


def lab() -> None:
    """Run `lab`."""
    try:
        # Importing takes 0.5 s; Ctrl-C during it must not show a traceback.
        from graders.cli.main import lab_app

        lab_app(prog_name="lab")
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def grade() -> None:
    """Run `grade`."""
    try:
        from graders.cli.main import grade_app

        grade_app(prog_name="grade")
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
