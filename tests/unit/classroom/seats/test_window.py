"""A window that several processes share in turn."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from graders.classroom.seats.connection import Gone
from graders.classroom.seats.protocol import Kind, Size
from graders.classroom.seats.window import Window
from graders.providers.child import Child
from tests.seats import Asking

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = Size(20, 40)


class Shown:
    """A window on a terminal, and the client's end of it."""

    def __init__(self, patience: float = 600) -> None:
        """Connect both."""
        ours, theirs = socket.socketpair()
        ours.settimeout(30)
        self.client = Asking(ours)
        self.window = Window(theirs, patience=patience)
        self.window.size = SIZE
        self.outcome: int | Exception | None = None

    def run(self, line: str) -> threading.Thread:
        """Run a line there, in a thread."""

        def run() -> None:
            try:
                self.outcome = self.window.run(child(line))
                self.window.connection.end(self.outcome)
            except Gone as error:
                self.outcome = error

        thread = threading.Thread(target=run)
        thread.start()
        return thread


def child(line: str, size: Size | None = SIZE) -> Child:
    """Return bash with a line, on a terminal of its own."""
    sides = (size.rows, size.columns) if size else None
    return Child(["bash", "-c", line], os.environ, Path.cwd(), sides)


@pytest.fixture
def shown() -> Iterator[Shown]:
    """Return a window, and close it."""
    found = Shown()
    yield found
    found.client.client.close()
    found.window.close()


def test_a_lent_terminal(shown: Shown) -> None:
    """What is typed is for the second process, until that ends."""
    thread = shown.run("echo on; read first; echo got $first")
    shown.client.shows(b"on")

    def answer() -> None:
        shown.client.shows(b"ready")
        shown.client.send(Kind.INPUT, b"two\n")

    typing = threading.Thread(target=answer)
    typing.start()
    code = shown.window.lend(
        lambda size: child("echo ready; read it; echo lent $it; exit 6", size)
    )
    typing.join()
    shown.client.send(Kind.INPUT, b"one\n")
    shown.client.shows(b"lent two")
    shown.client.shows(b"got one")
    thread.join()

    assert (code, shown.outcome) == (6, 0)


def test_a_lent_terminal_that_is_resized(shown: Shown) -> None:
    """Both processes know."""
    thread = shown.run("echo on; read it; stty size")
    shown.client.shows(b"on")
    codes: list[int | None] = []
    lending = threading.Thread(
        target=lambda: codes.append(
            shown.window.lend(lambda size: child("echo 2; read it", size))
        )
    )
    lending.start()
    shown.client.shows(b"2")
    shown.client.send(Kind.RESIZE, Size(33, 44).pack())
    shown.client.send(Kind.INPUT, b"\n")
    lending.join(10)
    shown.client.send(Kind.INPUT, b"\n")
    shown.client.shows(b"33 44")
    thread.join()

    assert codes == [0]


def test_nothing_is_lent_without_a_terminal(shown: Shown) -> None:
    """Nor before there is a shell, or after it."""
    assert shown.window.lend(lambda size: child("true", size)) is None
    shown.run("true").join()
    assert shown.window.lend(lambda size: child("true", size)) is None


def test_a_client_that_leaves_while_a_terminal_is_lent(shown: Shown) -> None:
    """Both processes end, and whoever waits for the second is told."""
    thread = shown.run("echo on; sleep 1000")
    shown.client.shows(b"on")
    codes: list[int | None] = []
    lending = threading.Thread(
        target=lambda: codes.append(
            shown.window.lend(lambda size: child("echo 2; sleep 999", size))
        )
    )
    lending.start()
    shown.client.shows(b"2")
    shown.client.client.close()
    lending.join(20)
    thread.join(20)

    assert isinstance(shown.outcome, Gone)
    assert codes == [129]


def test_a_client_that_never_reads() -> None:
    """It is not waited for without an end."""
    shown = Shown(patience=0.3)
    shown.run("cat /dev/zero").join(20)

    assert isinstance(shown.outcome, Gone)
    shown.client.client.close()
    shown.window.close()


def test_a_window_that_is_stopped_and_closed(shown: Shown) -> None:
    """Whoever stops it later does no harm."""
    thread = shown.run("echo on; sleep 1000")
    shown.client.shows(b"on")
    shown.window.stop()
    thread.join(20)

    assert isinstance(shown.outcome, Gone)
    other = Shown()
    other.client.client.close()
    other.window.close()
    other.window.stop()
