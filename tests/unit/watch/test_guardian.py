"""The terminal is as before, whatever ended the program that used it."""

from __future__ import annotations

import os
import re
import signal
import sys
import termios
import time
from typing import TYPE_CHECKING

import pexpect
import pytest

from graders.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A program that changes its terminal and then waits, or does as it is told.
_PROGRAM = """
import os, signal, sys, termios, time
from graders.watch.guardian import guarded

if "alive" in sys.argv:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

def body(alive):
    modes = termios.tcgetattr(0)
    modes[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(0, termios.TCSANOW, modes)
    if "alive" not in sys.argv:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    sys.stdout.write("\\x1b[?1049h\\x1b[?25l")
    print(f"child {os.getpid()} of {os.getppid()}.", flush=True)
    word = sys.argv[1]
    if word == "exit":
        sys.exit(7)
    if word == "return":
        return 5
    if word == "alive":
        # Its terminal goes with the parent.
        os.read(alive, 1)
        open(sys.argv[2], "w").write("alone")
        return 0
    time.sleep(60)

sys.exit(guarded(body))
"""


@pytest.fixture
def spawned() -> Iterator[list[pexpect.spawn[str]]]:
    """Close what a test has started."""
    children: list[pexpect.spawn[str]] = []
    yield children
    for child in children:
        child.close(force=True)


def _start(
    word: str, spawned: list[pexpect.spawn[str]], *more: str
) -> tuple[pexpect.spawn[str], int, int]:
    """Run the program; return it, its child and its parent."""
    # Under nohup, tests and what they start ignore SIGHUP.
    heeds = "--default-signal=HUP"
    terminal = pexpect.spawn(
        "env",
        [heeds, sys.executable, "-c", _PROGRAM, word, *more],
        cwd=str(ROOT),
        encoding="utf-8",
        timeout=60,
    )
    spawned.append(terminal)
    terminal.expect(r"child (\d+) of (\d+)\.")
    assert isinstance(terminal.match, re.Match)
    return terminal, int(terminal.match[1]), int(terminal.match[2])


def _await_end(terminal: pexpect.spawn[str]) -> None:
    """Wait for the program; closing its terminal earlier would end it."""
    terminal.expect(pexpect.EOF)
    terminal.wait()
    terminal.close()


def _echoes(terminal: pexpect.spawn[str]) -> bool:
    return bool(termios.tcgetattr(terminal.child_fd)[3] & termios.ECHO)


@pytest.mark.parametrize(("word", "code"), [("exit", 7), ("return", 5)])
def test_end(spawned: list[pexpect.spawn[str]], word: str, code: int) -> None:
    """The exit code is the child's."""
    terminal, _, _ = _start(word, spawned)

    _await_end(terminal)

    assert terminal.exitstatus == code


def test_killed_child(spawned: list[pexpect.spawn[str]]) -> None:
    """After kill -9 the cursor, the screen and the echo are back."""
    terminal, child, _ = _start("wait", spawned)
    assert not _echoes(terminal)

    os.kill(child, signal.SIGKILL)
    terminal.expect_exact("\x1b[?1049l\x1b[?25h")
    terminal.expect(pexpect.EOF)
    echoes = _echoes(terminal)
    _await_end(terminal)

    assert echoes
    assert terminal.exitstatus == 128 + signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signal(
    spawned: list[pexpect.spawn[str]], number: signal.Signals
) -> None:
    """A signal to the parent ends the child, too."""
    terminal, child, parent = _start("wait", spawned)

    os.kill(parent, number)
    _await_end(terminal)

    assert terminal.exitstatus == (
        130 if number == signal.SIGTERM else 128 + signal.SIGHUP
    )
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_killed_parent(
    spawned: list[pexpect.spawn[str]], tmp_path: Path
) -> None:
    """A child whose parent is killed notices."""
    note = tmp_path / "note"
    _, _, parent = _start("alive", spawned, str(note))

    os.kill(parent, signal.SIGKILL)

    deadline = time.monotonic() + 20
    while not note.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert note.exists()
