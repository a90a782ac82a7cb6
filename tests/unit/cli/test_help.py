"""`lab help` raises a hand, and says what is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from graders.classroom.board import outbox
from graders.cli.main import lab_app
from graders.grading.progress import record
from graders.settings import CLASS_URL, ticket_file
from graders.state.lab_state import State
from tests.board_server import Served, served
from tests.paper_class import LAB, PaperClass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result


@pytest.fixture(autouse=True)
def ticket(base: Path) -> PaperClass:
    """Return a class; ada has its ticket installed, and no board is set."""
    paper = PaperClass(base.parent / "class")
    ticket_file("ada").parent.mkdir(parents=True)
    ticket_file("ada").write_text(paper.ticket("ada", "Ada Lovelace"))
    return paper


@pytest.fixture
def board(
    ticket: PaperClass, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    """Serve the board, which ada was told of."""
    with served(ticket) as found:
        monkeypatch.setenv("CLASS_URL", found.url)
        monkeypatch.setattr("graders.cli.help._PATIENCE_S", 20)
        yield found


def _help(*argv: str) -> Result:
    return CliRunner().invoke(lab_app, ["help", *argv])


def test_up_and_down(board: Served) -> None:
    """The words need no quotes, and the lab is that of the last run."""
    record("ada", State(LAB, "peer-port", "abc", 2))

    done = _help("why", "is", "it", "Active?")
    assert done.exit_code == 0, done.output
    assert "Your hand is up" in done.stdout
    (row,) = board.board.rows_since(-1)
    assert (row["hand"], row["lab"]) == ("why is it Active?", LAB)
    assert "Your hand is down" in _help("--done").stdout
    (row,) = board.board.rows_since(-1)
    assert row["raised"] == 0


@pytest.mark.usefixtures("board")
def test_what_is_sent_and_to_whom() -> None:
    """Without a text, it is said before anything is sent."""
    said = _help().stdout

    assert "with the ticket of Ada Lovelace in Networks" in said
    for verb in ("lab start", "lab hint", "grade", "lab help"):
        assert f"\n  {verb} " in said
    assert "no commands, no output, no addresses" in " ".join(said.split())


def test_nothing_is_set_up() -> None:
    """It says so, and what to ask for."""
    assert "CLASS_URL is not set" in _help().stdout
    done = _help("help me")
    assert done.exit_code == 2
    assert "CLASS_URL is not set; `lab help` says" in done.stderr


def test_no_ticket(monkeypatch: pytest.MonkeyPatch) -> None:
    """A student without one is told of it."""
    monkeypatch.setenv("CLASS_URL", "http://127.0.0.1:1")

    assert "no class ticket of grace" in _help("--student=grace").stdout
    assert _help("x", "--student=grace").exit_code == 2


def test_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The question is kept, and that is said."""
    monkeypatch.setenv("CLASS_URL", "http://127.0.0.1:1")

    done = _help("x")
    assert done.exit_code == 3
    assert "has not got it yet" in done.stderr
    assert "it goes with your next" in done.stderr
    assert len(outbox.waiting("ada")) == 1
    assert "Not sent yet: 1" in _help().stdout


def test_refused(board: Served, ticket: PaperClass) -> None:
    """The board's reason is shown."""
    del board
    ticket.ticket("grace")
    ticket.leave("ada")

    done = _help("x")
    assert done.exit_code == 3
    assert "refused it: the ticket of ada was replaced" in done.stderr


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("x" * 201,), "at most 200 characters, not 201"),
        (("x", "--done"), "give one of them"),
        (("start",), "`lab start --help` explains"),
    ],
)
def test_wrong_usage(argv: tuple[str, ...], said: str) -> None:
    """Nothing is sent."""
    done = _help(*argv)
    assert done.exit_code == 2
    assert said in done.stderr
    assert outbox.waiting("ada") == []


def test_progress_that_cannot_be_read(board: Served, base: Path) -> None:
    """A hand can be raised all the same."""
    folder = base / ".progress"
    folder.mkdir(parents=True)
    (folder / "ada.json").write_text("junk")

    assert _help("x").exit_code == 0
    assert [row["lab"] for row in board.board.rows_since(-1)] == [""]


def test_an_odd_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named."""
    monkeypatch.setenv(CLASS_URL, "board.example")

    done = _help()
    assert done.exit_code == 2
    assert "CLASS_URL must be the address" in done.stderr
