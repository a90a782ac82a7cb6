"""`lab class time` as it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from graders.cli.main import lab_app
from tests.classes import a_class

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from graders.classroom.class_folder import Class

LESSON = (
    *("lesson 1", "--begin", "2027-01-11 09:00+01:00"),
    *("--end", "10:30+01:00", "--labs", "1,2"),
)


@pytest.fixture
def course(tmp_path: Path) -> Class:
    """Make a class of two."""
    return a_class(tmp_path / "class", "ada", "bob")


def _time(course: Class, *argv: str) -> Result:
    command = ["class", "time", "--class", str(course.folder), *argv]
    return CliRunner().invoke(lab_app, command)


def test_a_lesson(course: Class) -> None:
    """It is added, shown, extended and removed."""
    assert _time(course).stdout == "no lessons: seats are always open\n"

    done = _time(course, *LESSON)
    assert done.exit_code == 0
    assert "2027-01-11 09:00+01:00 to 2027-01-11 10:30+01:00" in done.stdout
    assert _time(course).stdout == done.stdout

    done = _time(course, "lesson 1", "--extend", "ada=20")
    assert done.stdout.endswith("; minutes more: ada +20\n")

    done = _time(course, "lesson 1", "--remove")
    assert done.stdout == "no lessons: seats are always open\n"


def test_mistakes(course: Class) -> None:
    """Nothing is written."""
    done = _time(course, "lesson 1", "--labs", "1")
    assert done.exit_code == 2
    assert "to add one, give --begin, --end and --labs" in done.stderr
    done = _time(course, *LESSON, "--extend", "eve=5")
    assert done.exit_code == 2
    assert "there is no student eve in this class" in done.stderr
    assert not (course.folder / "times.yml").exists()


def test_unknown_name(course: Class) -> None:
    """It is a typo, and no lesson is shown for it."""
    _time(course, *LESSON)
    done = _time(course, "lesson 2")

    assert done.exit_code == 2
    assert "there are: lesson 1" in done.stderr
