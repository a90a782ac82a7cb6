"""One command of the kit at a time works on a host."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING, Final

import pytest

from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from pathlib import Path

ALONE: Final = ANSIBLE / "files/lib/alone.sh"
# What a cut off command started goes on, too.
WORKS: Final = "echo begun; (sleep 60; echo later) & sleep 60; echo later"
SHELLS: Final = ("sh", "bash")


def _begin(lock: Path, shell: str, *lines: str) -> subprocess.Popen[str]:
    """Type a command into a shell as SSH does: in a session of its own."""
    text = ALONE.read_text(encoding="utf-8")
    text = text.replace("LOCK=/run/metallb-lab-kit.lock", f"LOCK={lock}")
    return subprocess.Popen(
        [shell, "-c", "\n".join(["set -eu", text, *lines])],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """Return where the lock of a host is."""
    return tmp_path / "lock"


def _said(command: subprocess.Popen[str]) -> str:
    """Return what else it prints until it ends."""
    with command:
        return command.communicate(timeout=30)[0]


def _first_line(command: subprocess.Popen[str]) -> str:
    assert command.stdout
    return command.stdout.readline()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("next_one", ["alone", "alone whole"])
def test_a_command_that_was_cut_off_ends(
    lock: Path, shell: str, next_one: str
) -> None:
    """With all that it started: the next one works at once, and alone."""
    first = _begin(lock, shell, "alone", WORKS)
    assert _first_line(first) == "begun\n"
    began = time.monotonic()

    second = _begin(lock, shell, next_one, "echo mine")

    assert _said(second) == "mine\n"
    # Whoever could have printed more has ended.
    assert _said(first) == ""
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("next_one", ["alone", "alone whole"])
def test_packages_are_left_whole(lock: Path, next_one: str) -> None:
    """A command that installs some is waited for."""
    works = "echo begun; sleep 1; echo > $LOCK.done"
    first = _begin(lock, "sh", "alone whole", works)
    assert _first_line(first) == "begun\n"

    second = _begin(lock, "sh", next_one, "ls $LOCK.done")

    assert _said(second) == f"{lock}.done\n"
    assert _said(first) == ""


def test_a_command_that_has_ended_ends_nobody(lock: Path) -> None:
    """Its session may be somebody else's by now."""
    bystander = subprocess.Popen(["sleep", "60"], start_new_session=True)
    lock.write_text(f"{bystander.pid}\n")
    try:
        next_one = _begin(lock, "sh", "alone", "cat $LOCK")
        assert _said(next_one) == f"{next_one.pid}\n"
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
