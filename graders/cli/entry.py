"""Where the commands begin: Ctrl-C is no traceback, however early it comes."""

from __future__ import annotations

import sys

# What a shell makes of a program that Ctrl-C ended.
_INTERRUPTED = 130


def lab() -> None:
    """Be `lab`."""
    try:
        # Half a second, in which a person may think better of it.
        from graders.cli.main import lab_main

        lab_main()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def grade() -> None:
    """Be `grade`."""
    try:
        from graders.cli.main import grade_main

        grade_main()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
