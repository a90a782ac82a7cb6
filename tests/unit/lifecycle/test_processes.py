"""Ending what a playbook left running, and nothing else."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from graders.lifecycle import processes
from graders.lifecycle.processes import (
    MARK,
    find_tagged,
    terminate_group,
    terminate_leftovers,
    terminate_tagged,
)

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
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
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


# A kind whose kubeadm does not end with it.
KIND = "trap '' TERM; sleep 60 & echo ready; wait; sleep 60"


@pytest.fixture
def kind(start: Start, tmp_path: Path) -> subprocess.Popen[str]:
    """Start what `lab up` leaves in the background, and note its group."""
    kubeconfig = str(tmp_path / "kubeconfig")
    argv = ("bash", "-c", KIND, "kind", "create", "cluster", kubeconfig)
    process = start(*argv, mark="another")
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    folder = tmp_path / "kind"
    folder.mkdir()
    (folder / "pid").write_text(f"{process.pid}\n", encoding="utf-8")
    return process


def test_kind_in_the_background(
    kind: subprocess.Popen[str], tmp_path: Path
) -> None:
    """All that kind has started is gone before nodes are deleted."""
    count = terminate_group(
        tmp_path / "kind" / "pid", str(tmp_path / "kubeconfig"), patience=0.3
    )

    assert count >= 2
    assert kind.wait(60) == -9
    assert processes._members(kind.pid) == {}


def test_kind_without_proc(
    kind: subprocess.Popen[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is found by `ps`, as on macOS, where no tag can be read."""
    if not shutil.which("ps"):
        pytest.skip("no ps")
    monkeypatch.setattr(processes, "_PROC", tmp_path / "none")
    monkeypatch.setattr(processes.terminate_group, "__defaults__", (0.3,))

    terminate_leftovers(tmp_path)

    assert kind.wait(60) == -9


def test_number_of_another_program(
    kind: subprocess.Popen[str], tmp_path: Path
) -> None:
    """A program that has the number of an earlier kind is left alone."""
    pid_file = tmp_path / "kind" / "pid"

    assert terminate_group(pid_file, "/another/kubeconfig") == 0
    assert kind.poll() is None


@pytest.mark.parametrize("text", [None, "", "x", "0", "1", "-5", "99999999"])
def test_no_kind(tmp_path: Path, text: str | None) -> None:
    """Without a number of a running group, nothing is ended."""
    file = tmp_path / "pid"
    if text is not None:
        file.write_text(text, encoding="utf-8")

    assert terminate_group(file, "", patience=0.1) == 0
