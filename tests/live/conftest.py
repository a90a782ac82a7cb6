"""Live tests: real clusters, one after the other, on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from graders.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

BIN: Final = Path(sys.executable).parent
# Images from nothing take longest; every other command is far below.
_SECONDS: Final = 3600


def run(*argv: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the kit as a student would; `more` is environment."""
    return subprocess.run(
        [str(BIN / argv[0]), *argv[1:]],
        cwd=ROOT,
        env=os.environ | more,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


def ok(*argv: str, **more: str) -> str:
    """Run a command that must succeed; return what it printed."""
    done = run(*argv, **more)
    assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def fresh() -> str:
    """Stand a fresh lab up; say what that printed.

    The engine and the images come first: only then can what an earlier run
    left be seen and taken down.
    """
    ok("lab", "images", "get")
    run("lab", "down")
    return ok("lab", "up")


@pytest.fixture
def docker() -> Callable[..., str]:
    """Call docker and return its output."""

    def call(*argv: str) -> str:
        done = subprocess.run(
            ["docker", *argv], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    return call
