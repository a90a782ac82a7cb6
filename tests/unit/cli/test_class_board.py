"""`lab class board`: what a teacher reads, also when it cannot be served."""

from __future__ import annotations

import builtins
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from graders.classroom.board import server
from graders.classroom.board.access import Access
from graders.classroom.board.server import Address
from graders.cli.main import lab_app
from graders.errors import UsageError
from graders.files import held
from tests.paper_class import PaperClass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result

ACCESS = Access({"teacher": "T" * 40, "projector": "P" * 40})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a class."""
    return PaperClass(tmp_path / "class").course.folder


def _board(folder: Path, *argv: str) -> Result:
    command = ["class", "board", "--class", str(folder), *argv]
    return CliRunner().invoke(lab_app, command)


@pytest.mark.parametrize(
    ("host", "students"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("::1", "http://[::1]:80"),
        ("0.0.0.0", "http://THIS-COMPUTER:80"),  # noqa: S104 - a teacher may
        ("192.0.2.7", "http://192.0.2.7:80"),
    ],
)
def test_where_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, host: str, students: str
) -> None:
    """Addresses for the teacher, the projector and the students."""
    address = Address(host, 80)
    monkeypatch.setattr(
        server, "serve", lambda _, __, announce: announce(address, ACCESS)
    )

    said = _board(folder).stdout
    assert f"/login#{'T' * 40}\n" in said
    assert f"/login#{'P' * 40}  (no names)" in said
    assert f"CLASS_URL={students}\n" in said
    closed = host in {"127.0.0.1", "::1"}
    assert ("Only this computer reaches it" in said) is closed
    assert said.endswith("The board is closed; what it was told is kept.\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8765",
        ":8765",
        "localhost:1",
        "127.0.0.1:",
        "127.0.0.1:70000",
        "x:²",
    ],
)
def test_odd_addresses(folder: Path, text: str) -> None:
    """The form is told."""
    done = _board(folder, "--listen", text)

    assert done.exit_code == 2
    assert "--listen must be ADDRESS:PORT" in done.stderr


def test_no_class(tmp_path: Path) -> None:
    """The folder is named."""
    done = _board(tmp_path)

    assert done.exit_code == 2
    assert "is no folder of a class" in done.stderr


def test_the_address_is_taken(folder: Path) -> None:
    """By another program; and one that is not this computer's."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = _board(folder, "--listen", f"127.0.0.1:{port}")
    assert done.exit_code == 2
    assert f"could not listen on 127.0.0.1:{port}" in done.stderr

    done = _board(folder, "--listen", "192.0.2.7:9")
    assert done.exit_code == 2


def test_it_runs_already(folder: Path) -> None:
    """A class has one board at a time."""
    (folder / "board").mkdir()
    with held(folder / "board", UsageError("it is held")):
        done = _board(folder, "--listen", "127.0.0.1:0")

    assert done.exit_code == 2
    assert "is running already" in done.stderr


@pytest.mark.parametrize("content", ["", "short"])
def test_a_damaged_token(folder: Path, content: str) -> None:
    """It is no token, and what to do is told."""
    (folder / "board").mkdir()
    (folder / "board" / "token").write_text(content)

    done = _board(folder, "--listen", "127.0.0.1:0")
    assert done.exit_code == 3
    assert "remove it, and the board makes another" in done.stderr


@contextmanager
def _without(monkeypatch: pytest.MonkeyPatch, package: str) -> Iterator[None]:
    """Have a package not installed."""
    real = builtins.__import__

    def importing(name: str, *more: Any) -> Any:  # noqa: ANN401 - the built-in's
        if name == "graders.classroom.board.server":
            raise ModuleNotFoundError(
                f"No module named {package}", name=package
            )
        return real(name, *more)

    with monkeypatch.context() as patch:
        patch.setattr(builtins, "__import__", importing)
        yield


def test_a_student_s_installation(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lacks the server; one command installs it."""
    with _without(monkeypatch, "uvicorn"):
        done = _board(folder)

    assert done.exit_code == 3
    assert "uvicorn" in done.stderr
    assert "`make class` installs it" in done.stderr
