"""Commands run on a terminal that only they have."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from graders.watch.commands import Command

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of a command next to Python's."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    return tmp_path / "lab"


def _write(program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_output(program: Path) -> None:
    """What it prints is kept; it has a terminal, and no pager."""
    _write(program, 'echo "$* $PAGER"; [ -t 1 ] && stty size; exit 3')
    told: list[int] = []
    command = Command(["lab", "hint"], "ada", (100, 30))

    command.run(lambda: told.append(1))

    assert command.text == "hint --student ada cat\n30 100\n"
    assert (command.running, command.code) == (False, 3)
    assert told


def test_interrupt(program: Path) -> None:
    """Ctrl-C ends it as on any terminal."""
    # Tests that run in the background ignore Ctrl-C, and all that they start.
    heeds = "exec env --default-signal=INT"
    _write(program, f"{heeds} sh -c 'echo begun; sleep 60'")
    command = Command(["lab", "reset"], "ada")
    thread = threading.Thread(target=command.run, args=(lambda: None,))
    thread.start()
    deadline = time.monotonic() + 60
    while "begun" not in command.text and time.monotonic() < deadline:
        time.sleep(0.01)

    command.interrupt()
    thread.join(60)

    assert not command.running
    command.interrupt()


def test_missing(program: Path) -> None:
    """A command that cannot be run is told in words."""
    command = Command([program.name], "ada")

    command.run(lambda: None)

    assert command.text.startswith("could not run lab: ")
