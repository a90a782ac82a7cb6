"""`lab class verify` as a teacher types it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from graders.classroom import zipped
from graders.cli.main import lab_app
from tests.classes import a_class
from tests.handed_in import Work, edited

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from graders.classroom.class_folder import Class


@pytest.fixture(autouse=True)
def inside(monkeypatch: pytest.MonkeyPatch, base: Path) -> None:
    """Be in the test's folder."""
    monkeypatch.chdir(base.parent)


@pytest.fixture
def course(tmp_path: Path) -> Class:
    """Make a class of two."""
    return a_class(tmp_path / "class", "ada", "bob")


def _verify(*argv: str) -> Result:
    return CliRunner().invoke(
        lab_app, ["class", "verify", *argv], prog_name="lab"
    )


def test_all_verified(tmp_path: Path, course: Class) -> None:
    """A row for each file, and a line about all; the end is 0."""
    (tmp_path / "in").mkdir()
    for student in ("ada", "bob"):
        Work.of(course, student, lab="2").write(tmp_path / "in")

    done = _verify("in", "--class", "class")

    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["file", "student", "lab", "claims", "status"]
    assert lines[2].split()[:3] == ["ada-lab-2.lab", "ada", "2"]
    assert lines[2].endswith("verified")
    assert lines[-1] == "2 verified, 0 warning, 0 refused (Networks 2027)"
    assert max(map(len, lines)) <= 80


def test_some_refused(tmp_path: Path, course: Class) -> None:
    """Reasons are below the file; nothing of a file reaches a terminal."""
    work = Work.of(course, "ada")
    path = work.write(tmp_path, edited(zipped.PLAN, lab="\x1b[2J" * 30))
    (tmp_path / "x\x1b[31m.lab").write_bytes(b"PK")

    done = _verify(
        str(path), *map(str, tmp_path.glob("x*")), "--class", "class"
    )

    assert done.exit_code == 1
    assert "\x1b" not in done.stdout
    assert "0 verified, 0 warning, 2 refused" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_some_not_verified(tmp_path: Path, course: Class) -> None:
    """Without a class the end is 3, as of a grade that could not look."""
    path = Work.of(course, "ada").write(tmp_path)

    done = _verify(str(path))

    assert done.exit_code == 3
    assert "(no class, so tickets are not known)" in done.stdout


def test_in_the_class_s_folder(
    tmp_path: Path, course: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There the class need not be named."""
    path = Work.of(course, "ada").write(tmp_path)
    monkeypatch.chdir(course.folder)

    assert _verify(str(path)).exit_code == 0


def test_json(tmp_path: Path, course: Class) -> None:
    """One document has all that the table says, and more."""
    bad = tmp_path / "bad.lab"
    bad.write_bytes(b"")
    path = Work.of(course, "ada", hints=2).write(tmp_path)

    done = _verify(str(path), str(bad), "--class", "class", "--json")

    document = json.loads(done.stdout)
    assert (document["version"], document["course"]) == (1, "Networks 2027")
    good, other = document["files"]
    assert good["file"] == str(path)
    assert (good["student"], good["status"]) == ("ada", "verified")
    assert good["lab"] == "lab-1-pending-service"
    claimed = good["claimed"]
    assert claimed["points"] == claimed["total"]
    assert (claimed["attempts"], claimed["hints"]) == (2, 2)
    assert good["reasons"] == []
    assert other["student"] is None
    assert other["reasons"][0]["kind"] == "refused"
    assert other["reasons"][0]["about"] == "form"


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ((), "Missing argument"),
        (("none.lab",), "none.lab is no file"),
        ((".",), ". has no file *.lab"),
        (("x", "--class", "nowhere"), "is no folder of a class"),
    ],
)
def test_wrong_usage(argv: tuple[str, ...], told: str) -> None:
    """It is told before anything is read."""
    done = _verify(*argv)

    assert done.exit_code == 2
    assert told in done.stderr


def test_a_file_once(tmp_path: Path, course: Class) -> None:
    """Named twice, or in a folder that is named, too, it is one file."""
    path = Work.of(course, "ada").write(tmp_path)

    done = _verify(str(path), str(tmp_path), str(path), "--class", "class")

    assert "1 verified, 0 warning, 0 refused" in done.stdout
