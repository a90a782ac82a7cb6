"""Ending what a playbook left running, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from graders.lifecycle.processes import MARK, find_tagged, terminate_tagged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., subprocess.Popen[str]]

pytestmark = pytest.mark.skipif(
    not Path("/proc").is_dir(), reason="needs /proc"
)
DEAF = "trap '' TERM; echo ready; while :; do sleep 0.05; done"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start processes with a mark; they end with the test."""
    begun: list[subprocess.Popen[str]] = []

    def call(*argv: str, mark: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            argv,
            env=os.environ | {MARK: mark},
            stdout=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            start_new_session=True,
        )
        begun.append(process)
        return process

    yield call
    for process in begun:
        process.kill()
        process.communicate()


def test_marked_ends_and_others_stay(start: Start, tmp_path: Path) -> None:
    """Only what carries this very mark is ended."""
    ours = start("sleep", "60", mark=str(tmp_path))
    other = start("sleep", "60", mark=f"{tmp_path}-2")

    asked = terminate_tagged(str(tmp_path))

    assert asked == 1
    assert ours.wait(5) != 0
    assert other.poll() is None


def test_deaf_ones_are_made_to(start: Start, tmp_path: Path) -> None:
    """What does not end when asked is made to."""
    deaf = start("bash", "-c", DEAF, mark=str(tmp_path))
    assert deaf.stdout
    assert deaf.stdout.readline() == "ready\n"

    terminate_tagged(str(tmp_path), patience=0.2)

    assert deaf.wait(5) == -9


def test_engine_stays(start: Start, tmp_path: Path) -> None:
    """An engine that a playbook started serves others: it is left alone."""
    engine = tmp_path / "dockerd"
    shutil.copy(shutil.which("sleep") or "", engine)
    started = start(str(engine), "60", mark=str(tmp_path))

    assert terminate_tagged(str(tmp_path)) == 0
    assert started.poll() is None


def test_never_itself(tmp_path: Path) -> None:
    """The command that cleans up does not end itself."""
    script = (
        "import sys;"
        " from graders.lifecycle.processes import terminate_tagged;"
        " print(terminate_tagged(sys.argv[1]))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env=os.environ | {MARK: str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "0\n"
    assert find_tagged(str(tmp_path)) == []
