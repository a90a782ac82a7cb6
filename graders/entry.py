"""Where the commands begin: Ctrl-C is no traceback, however early it comes."""

from __future__ import annotations

import sys

# What a shell makes of a program that Ctrl-C ended.
_INTERRUPTED = 130


def lab() -> None:
    """Be `lab`."""
    try:
        # Half a second, in which a person may think better of it.
        from graders.cli import lab_main  # noqa: PLC0415 - as said

        lab_main()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def grade() -> None:
    """Be `grade`."""
    try:
        from graders.cli import grade_main  # noqa: PLC0415 - as in `lab`

        grade_main()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
