"""`lab class report`: pages and tables of a folder of results."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from graders.classroom.regraded import save
from graders.cli.class_report import report
from tests.regraded_rows import refused, row

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

app = typer.Typer()
app.command()(report)

CANVAS = """\
Student,ID,SIS Login ID,Section,MetalLB one
Points Possible,,,,10
Ada,1,a.lovelace,A,
"""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Return a folder with the results of two students."""
    folder = tmp_path / "results"
    for one in (row("ada"), refused()):
        save(folder / f"{one.student}.regrade.json", one)
    return folder


def run(*argv: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, [*map(str, argv)])


def test_page_and_table(results: Path) -> None:
    """They are next to the results, by default."""
    done = run(results)

    assert done.exit_code == 0
    assert "2 submissions of 2 students: 1 as claimed, 1 not" in done.stdout
    assert (results / "report.html").read_text().endswith("</html>\n")
    assert (results / "report.csv").read_text().startswith("student,lab,")


def test_other_files(results: Path, tmp_path: Path) -> None:
    """Each is written where it is wanted."""
    done = run(
        results,
        *("--html", tmp_path / "x.html", "--csv", tmp_path / "x.csv"),
        *("--junit", tmp_path / "x.xml"),
        *("--prairielearn", tmp_path / "pl"),
    )

    assert done.exit_code == 0
    for name in ("x.html", "x.csv", "x.xml", "pl/ada.json", "pl/eve.json"):
        assert (tmp_path / name).stat().st_size


def test_one_student_in_one_file(results: Path, tmp_path: Path) -> None:
    """As an autograder wants it."""
    (results / "eve.regrade.json").unlink()
    file = tmp_path / "autograder" / "results.json"

    done = run(
        results, "--gradescope", file, "--classroom50", tmp_path / "r.json"
    )

    assert done.exit_code == 0
    assert json.loads(file.read_text())["score"] > 0
    assert json.loads((tmp_path / "r.json").read_text())["max-score"] > 0


def test_two_students_in_one_file(results: Path, tmp_path: Path) -> None:
    """One would have the other's points."""
    done = run(results, "--gradescope", tmp_path / "results.json")

    assert done.exit_code == 2
    assert "the results are of 2 students; give --gradescope" in done.stderr


def test_a_gradebook(results: Path, tmp_path: Path) -> None:
    """It is filled by login; the exported file stays."""
    gradebook, roster = tmp_path / "canvas.csv", tmp_path / "roster.csv"
    gradebook.write_text(CANVAS)
    roster.write_text("student,login\nada,a.lovelace\n")

    done = run(
        results,
        *("--gradebook", gradebook, "--column", "1=MetalLB one"),
        *("--roster", roster),
    )

    assert done.exit_code == 0, done.stderr
    assert "filled-canvas.csv: 1 scores; import it" in done.stdout
    assert "a.lovelace,A,10" in (results / "filled-canvas.csv").read_text()
    assert gradebook.read_text() == CANVAS


def test_a_student_who_is_not_in_it(results: Path, tmp_path: Path) -> None:
    """It is told."""
    gradebook = tmp_path / "canvas.csv"
    gradebook.write_text(CANVAS)

    done = run(results, "--gradebook", gradebook, "--column", "1=MetalLB one")

    assert "canvas.csv has no row for ada" in done.stderr


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--gradebook", "none.csv"], "could not read none.csv"),
        (
            ["--gradebook", __file__, "--column", "x"],
            "--column must be LAB=NAME",
        ),
    ],
)
def test_wrong_usage(results: Path, options: list[str], problem: str) -> None:
    """The error says what to write."""
    done = run(results, *options)

    assert done.exit_code == 2
    assert problem in done.stderr


def test_no_results(tmp_path: Path) -> None:
    """It says what writes them."""
    done = run(tmp_path)

    assert done.exit_code == 2
    assert "`lab class regrade FILES --results FOLDER`" in done.stderr
