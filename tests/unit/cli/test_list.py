"""`lab list` shows the labs in 80 columns, at once."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from graders.cli.main import lab_app
from graders.grading.progress import record
from graders.settings import progress_file
from graders.state.lab_state import State

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


def _list(*argv: str) -> Result:
    return CliRunner().invoke(lab_app, ["list", *argv])


@pytest.fixture(autouse=True)
def solved(base: Path) -> None:
    """Let the student have solved one lab."""
    del base
    state = State("lab-1-pending-service", "no-pool", "ab12", 1)
    record("ada", state, solved=True)


def test_all_labs() -> None:
    """Each has a line with minutes, and what it teaches under it."""
    lines = _list("--student", "ada").stdout.splitlines()

    labs = [line for line in lines if "minutes" in line]
    assert [line[0] for line in labs] == list("0123456")
    assert [line for line in labs if line.endswith("solved")] == [labs[1]]
    assert (
        "Find which link between a Service" in lines[lines.index(labs[1]) + 1]
    )
    assert max(map(len, lines)) <= 80


def test_another_student() -> None:
    """What others solved is not shown."""
    assert "solved" not in _list().stdout


def test_progress_that_cannot_be_read() -> None:
    """The labs are listed all the same, and what is wrong is said."""
    progress_file("ada").write_text("{")

    done = _list("--student", "ada")

    assert "solved" not in done.stdout
    assert done.stdout.count("minutes") == 7
    assert "is damaged" in done.stderr


def test_variants() -> None:
    """Instructors get each fault with one sentence."""
    lines = _list("3", "--variants").stdout.splitlines()

    at = lines.index("    peer-port")
    assert lines[0].startswith("3   BGP and ECMP")
    assert lines[at + 1].startswith("        The speakers connect to a port")
    assert max(map(len, lines)) <= 80


def test_faults_are_not_shown_to_students() -> None:
    """Without the option there is no name of a fault."""
    assert "asn-mismatch" not in _list("3").stdout


@pytest.mark.parametrize("argv", [("list",), ("progress",), ("--version",)])
def test_quick(argv: tuple[str, ...]) -> None:
    """None of the libraries is loaded that take a quarter of a second."""
    script = """
import sys
from graders.cli.main import lab_app
try:
    lab_app(sys.argv[1:])
finally:
    print(*sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, *argv],
        capture_output=True,
        text=True,
        check=True,
    )

    heavy = {"jinja2", "kubernetes", "psutil", "pydantic", "pytest", "rich"}
    assert not heavy & set(done.stdout.split())
