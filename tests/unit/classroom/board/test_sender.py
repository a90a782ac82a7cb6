"""A command tells the board in a moment, or not at all."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from graders.classroom.board import outbox
from graders.classroom.board.message import write_message
from graders.classroom.board.sender import Outcome, tell
from graders.classroom.keys import own_key
from graders.errors import UsageError
from graders.settings import ticket_file
from tests.board_server import Served, served
from tests.paper_class import LAB, PaperClass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = pytest.mark.usefixtures("base")


@pytest.fixture
def paper(base: Path) -> PaperClass:
    """Return a class with ada, whose ticket is installed."""
    found = PaperClass(base.parent / "class")
    file = ticket_file("ada")
    file.parent.mkdir(parents=True)
    file.write_text(found.ticket("ada"))
    return found


@pytest.fixture
def board(
    paper: PaperClass, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    """Serve the board, which the student was told of."""
    with served(paper) as found:
        monkeypatch.setenv("CLASS_URL", found.url)
        yield found


def _tell(kind: Any = "hint", **fields: Any) -> Outcome:  # noqa: ANN401 - any JSON
    return tell("ada", kind, lab=LAB, run="r1", **fields)


def test_sent(board: Served) -> None:
    """The board has it, and nothing waits."""
    assert tell("ada", "help", 20, lab=LAB, text="why?") == Outcome("sent")

    (row,) = board.board.rows_since(-1)
    assert (row["student"], row["hand"]) == ("ada", "why?")
    assert outbox.waiting("ada") == []


def test_down_then_up(
    paper: PaperClass, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a board that was down has not got comes with the next event."""
    monkeypatch.setenv("CLASS_URL", "http://127.0.0.1:1")
    begun = time.monotonic()
    assert _tell("start").status == "waiting"
    assert _tell("grade", attempt=1, layer="route").status == "waiting"
    assert time.monotonic() - begun < 2.5

    with served(paper) as board:
        monkeypatch.setenv("CLASS_URL", board.url + "/")
        assert tell("ada", "hint", 20, lab=LAB, run="r1", hints=1) == Outcome(
            "sent"
        )
        (row,) = board.board.rows_since(-1)
    assert (row["attempts"], row["hints"], row["layer"]) == (1, 1, "route")
    assert outbox.waiting("ada") == []


@contextmanager
def _deaf() -> Iterator[str]:
    """Listen, and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_board_that_is_slow(
    paper: PaperClass, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It delays a command by less than a second."""
    del paper
    with _deaf() as url:
        monkeypatch.setenv("CLASS_URL", url)
        begun = time.monotonic()
        outcome = _tell()
        assert time.monotonic() - begun < 1

    assert outcome == Outcome("waiting", f"{url} does not answer")
    assert len(outbox.waiting("ada")) == 1


def test_a_name_that_is_slow(
    paper: PaperClass, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does a name service that does not answer."""
    del paper
    monkeypatch.setenv("CLASS_URL", "http://board.example")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(3))
    begun = time.monotonic()

    assert _tell().status == "waiting"
    assert time.monotonic() - begun < 1


@contextmanager
def _answering(status: int, body: bytes) -> Iterator[str]:
    """Answer each request with the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, b"junk", Outcome("sent")),
        (400, b'{"error": "no"}', Outcome("refused", "no")),
        (403, b'{"error": "a\\u001b[2J"}', Outcome("refused", "a\\x1b[2J")),
        (409, b'{"error": "wait"}', Outcome("waiting", "wait")),
        (429, b"{}", Outcome("waiting", "it answered with status 429")),
        (500, b"[" * 9000, Outcome("waiting", "it answered with status 500")),
        (302, b"", Outcome("waiting", "it answered with status 302")),
    ],
)
@pytest.mark.usefixtures("paper")
def test_answers(
    status: int,
    body: bytes,
    outcome: Outcome,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the board will never take is dropped; the rest waits."""
    with _answering(status, body) as url:
        monkeypatch.setenv("CLASS_URL", url)
        assert tell("ada", "hint", 20, lab=LAB) == outcome

    kept = len(outbox.waiting("ada"))
    assert kept == (outcome.status == "waiting")


def test_without_a_disk(
    board: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event has one chance, and it is told in words."""

    def full(*_: object, mode: int) -> None:
        del mode
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(outbox, "write_atomically", full)

    assert tell("ada", "hint", 20, lab=LAB, hints=3) == Outcome("sent")
    (row,) = board.board.rows_since(-1)
    assert row["hints"] == 3


@pytest.mark.usefixtures("board")
def test_a_key_that_cannot_be_made(tmp_path: Path) -> None:
    """It is told, and the event waits."""
    (tmp_path / "config" / "student.key").mkdir()

    outcome = tell("ada", "hint", 20, lab=LAB)
    assert outcome.status == "waiting"
    assert "student.key" in outcome.reason


@pytest.mark.parametrize(
    "url",
    [
        "board.example",
        "ftp://board.example",
        "http://",
        "http://x:y",
        "http://[",
    ],
)
def test_wrong_addresses(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The form is told."""
    monkeypatch.setenv("CLASS_URL", url)

    with pytest.raises(UsageError, match="CLASS_URL must be the address"):
        _tell()


def test_nothing_is_sent_unless_it_was_asked_for(
    paper: PaperClass, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither without an address nor without a ticket; no file is written."""
    del paper
    with pytest.raises(UsageError, match="CLASS_URL is not set"):
        _tell()
    monkeypatch.setenv("CLASS_URL", "http://127.0.0.1:1")
    with pytest.raises(UsageError, match="no class ticket of grace"):
        tell("grace", "hint")

    assert not (tmp_path / "state").exists()


def test_what_is_sent(
    paper: PaperClass, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is what `lab help` says, and nothing else."""
    del paper
    monkeypatch.setenv("CLASS_URL", "http://127.0.0.1:1")
    _tell("grade", attempt=1)

    (event,) = outbox.waiting("ada")
    assert set(event) == {"id", "time", "event", "lab", "run", "attempt"}
    body = json.loads(write_message([event], 1, "ticket", own_key()))
    assert set(body) == {"ticket", "key", "message"}
