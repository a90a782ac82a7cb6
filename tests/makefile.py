"""What the Makefile's targets would run."""

from __future__ import annotations

import os
import subprocess

from graders.settings import ROOT


def would_run(*words: str) -> str:
    """Return the commands that make would run for these words.

    `make test` runs these tests, and leaves its own flags in the environment:
    with them, a make that it started would name its folder among the commands.

    Raises:
        CalledProcessError: there is no such target.

    """
    ours = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    return subprocess.run(
        ["make", "--dry-run", *words],
        cwd=ROOT,
        env=ours,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
