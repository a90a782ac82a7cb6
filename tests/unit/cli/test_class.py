"""`lab class new`, `lab class roster` and `lab ticket` as they are typed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from graders.cli.main import lab_app
from graders.plan.ticket import installed_nonce
from graders.settings import state_dir

if TYPE_CHECKING:
    from typer.testing import Result


@pytest.fixture(autouse=True)
def inside(monkeypatch: pytest.MonkeyPatch, base: Path) -> None:
    """Be in the test's folder."""
    monkeypatch.chdir(base.parent)


def _lab(*argv: str) -> Result:
    return CliRunner().invoke(lab_app, argv, prog_name="lab")


@pytest.fixture
def course() -> Path:
    """Make a class of two."""
    assert _lab("class", "new", "Networks 2027").exit_code == 0
    Path("r.csv").write_text("login\nada\nbob\n", encoding="utf-8")
    done = _lab("class", "roster", "r.csv", "--class", "Networks-2027")
    assert done.exit_code == 0
    assert "2 new: ada, bob" in done.stdout
    return Path("Networks-2027")


def test_from_class_to_lab(course: Path) -> None:
    """A ticket is made, installed, shown and removed."""
    done = _lab("ticket", str(course / "tickets" / "ada.ticket"))
    assert done.exit_code == 0
    assert done.stdout.startswith("installed the ticket of ada\n")
    assert "Networks 2027" in done.stdout

    assert installed_nonce("ada") in _lab("ticket").stdout
    assert "removed the ticket of ada" in _lab("ticket", "--remove").stdout
    assert "no ticket was installed" in _lab("ticket", "--remove").stdout
    assert _lab("ticket").stdout.startswith("no ticket is installed")


def test_roster_again(course: Path) -> None:
    """What has changed is told, also from within the folder."""
    Path("r.csv").write_text("login\nbob\n", encoding="utf-8")

    done = _lab("class", "roster", "r.csv", "--class", str(course))

    assert "1 unchanged\n" in done.stdout
    assert "1 no longer on the list, tickets kept: ada\n" in done.stdout


def test_wrong_roster(course: Path) -> None:
    """Each problem is a line, and the exit code that of wrong usage."""
    Path("r.csv").write_text("login\ndemo\n\n-\n", encoding="utf-8")

    done = _lab("class", "roster", "r.csv", "--class", str(course))

    assert done.exit_code == 2
    assert [it.split(" login")[0] for it in done.stderr.splitlines()] == [
        "lab: r.csv:2:",
        "lab: r.csv:4:",
        "lab: nothing was changed; correct the file",
    ]


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("class", "new", "N", "--until", "soon"), "--until must be a day"),
        (("class", "new", "N", "--until", "2020-01-01"), "which is over"),
        (("class", "new", "/etc"), "a course's name must"),
        (("class", "roster", "r.csv"), "is no folder of a class"),
        (("ticket", "none"), "No such file"),
        (("ticket", "none", "--remove"), "takes no file"),
    ],
)
def test_wrong_usage(argv: tuple[str, ...], told: str) -> None:
    """One line says what is wrong."""
    done = _lab(*argv)

    assert done.exit_code == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_lab_that_is_up(course: Path) -> None:
    """The student reads that it keeps its numbers."""
    folder = state_dir("ada")
    folder.mkdir(parents=True)
    (folder / "kubeconfig").touch()
    file = str(course / "tickets" / "ada.ticket")

    assert "`lab down`, then" in _lab("ticket", file).stdout
    assert "`lab down`, then" not in _lab("ticket", file).stdout
    assert "until `lab down`" in _lab("ticket", "--remove").stdout


def test_two_courses(course: Path) -> None:
    """The one that takes the place of another says so."""
    _lab("class", "new", "Storage")
    _lab("class", "roster", "r.csv", "--class", "Storage")
    _lab("ticket", str(course / "tickets" / "ada.ticket"))

    done = _lab("ticket", "Storage/tickets/ada.ticket")

    assert "takes the place of the ticket for Networks 2027" in done.stdout


def test_two_students(course: Path) -> None:
    """Which one is removed has to be said; a wrong name is refused."""
    for name in ("ada", "bob"):
        _lab("ticket", str(course / "tickets" / f"{name}.ticket"))

    assert "tickets of ada, bob" in _lab("ticket", "--remove").stderr
    done = _lab(
        "ticket", str(course / "tickets" / "ada.ticket"), "--student=bob"
    )
    assert "the ticket of ada, not of bob" in done.stderr
    assert _lab("ticket", "--remove", "--student=bob").exit_code == 0
    assert "ticket of ada" in _lab("ticket").stdout
    assert "no ticket of bob" in _lab("ticket", "--student=bob").stdout
