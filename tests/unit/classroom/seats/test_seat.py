"""What a seat does around a command, and for its shell."""

from __future__ import annotations

import socket
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from graders.classroom.seats.connection import Gone
from graders.classroom.seats.protocol import LINE, Request, Size
from graders.classroom.seats.seat import Seat
from graders.classroom.seats.window import Window
from graders.errors import UsageError
from tests.seats import Asking, LocalShell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Open:
    """A seat without a service, and a client of it."""

    def __init__(self, folder: Path) -> None:
        """Connect both; nothing is refused until `reason` says so."""
        self.reason = ""
        self.folder = folder
        self.seat = Seat(
            "ada", lambda _verb, _lab: self.reason, partial(LocalShell, folder)
        )
        ours, theirs = socket.socketpair()
        ours.settimeout(30)
        self.client = Asking(ours)
        self.window = Window(theirs)

    @property
    def notes(self) -> list[str]:
        """What the shell was asked."""
        return (self.folder / "notes").read_text().splitlines()

    def serve(self, *words: str, size: Size | None = None) -> int:
        """Serve one request."""
        return self.seat.serve(Request(words, size), self.window)


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Return a seat."""
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path / "state"))
    found = Open(tmp_path)
    yield found
    found.client.client.close()
    found.window.close()


def test_a_grade_has_the_answers(ours: Open) -> None:
    """They are in the shell's home until then."""
    ours.serve("grade", "--help")

    assert ours.notes == ["fetch"]


def test_a_start_gives_the_shell_its_files(ours: Open) -> None:
    """Also one that failed half way."""
    ours.serve("start", "--help")

    assert ours.notes == ["fetch", "renew"]


def test_the_time_is_heeded(ours: Open) -> None:
    """By commands, shells and lines; the teacher is not held up."""
    ours.reason = "the lesson is over"

    for words in (["grade"], [], [LINE, "kubectl get pods"]):
        with pytest.raises(UsageError, match="the lesson is over"):
            ours.serve(*words)
    ours.window.of_kit = True
    assert ours.serve("grade", "--help") == 0


def test_an_open_shell_ends_with_the_lesson(ours: Open) -> None:
    """It is said why."""

    def serve() -> None:
        with pytest.raises(Gone):
            ours.serve(LINE, "echo on; sleep 1000")

    thread = threading.Thread(target=serve)
    thread.start()
    ours.client.shows(b"on")
    ours.seat.tidy()
    ours.reason = "the lesson is over"
    ours.seat.tidy()
    thread.join(20)
    ours.window.connection.socket.close()
    ours.client.ended()

    assert b"the lesson is over" in ours.client.error
    assert ours.notes[-3:] == ["save", "hang up 1", "save"]


def test_commands_of_the_kit_in_the_shell(ours: Open) -> None:
    """Without a terminal their output comes back; refusals do, too."""
    shell = ours.seat._shell
    assert isinstance(shell, LocalShell)
    lab, grade = shell.commands["lab"], shell.commands["grade"]

    assert lab(["", "status", "--help"], "")[0] == 0
    assert "Check the running lab" in grade(["", "--help"], "")[1]
    code, out, error = lab(["x", "down"], "")
    assert (code, out) == (2, "")
    assert error.startswith("lab: a seat has no command 'down'")
    assert lab([], "")[1].startswith("A seat runs")
