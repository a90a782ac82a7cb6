"""`lab progress` shows what was solved, and with what effort."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from graders.cli.main import lab_app
from graders.cli.progress_note import next_lab
from graders.course.lab import load_lab
from graders.course.overview import overviews
from graders.grading.comparison import Measurement
from graders.grading.progress import read_progress, record
from graders.settings import progress_file
from graders.state.lab_state import State

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

FIRST = State("lab-1-pending-service", "no-pool", "ab", 3, hints=1)


def _progress(*argv: str) -> Result:
    return CliRunner().invoke(lab_app, ["progress", "--student=ada", *argv])


@pytest.fixture(autouse=True)
def folder(base: Path) -> None:
    """Have one lab solved, one given up, and one begun."""
    del base
    record("ada", FIRST, solved=True)
    for run, lab, gave_up in (
        ("cd", "lab-2-layer-2", True),
        ("ef", "lab-1-pending-service", False),
    ):
        variant = "no-endpoints" if gave_up else "other-class"
        record("ada", State(lab, variant, run, 1, gave_up=gave_up))


def test_labs_and_faults() -> None:
    """Each lab has a line, and each fault that was played one below it."""
    lines = _progress().stdout.splitlines()

    at = next(n for n, line in enumerate(lines) if line.startswith("1 "))
    first, second = (len(load_lab(number).variants) for number in "12")
    assert lines[at].endswith(f"1 of {first} solved")
    assert " ".join(lines[at + 1].split()) == (
        "(not found yet) begun 0 minutes, 1 attempt, 0 hints"
    )
    assert lines[at + 2].split()[:2] == ["no-pool", "solved"]
    assert lines[at + 3].endswith(f"0 of {second} solved")
    assert "no-endpoints           given up" in lines[at + 4]
    assert lines[-2] == "1 lab solved, 0 minutes, 5 attempts, 1 hint."
    assert lines[-1].startswith("Next: make lab-0, ")
    assert max(map(len, lines)) <= 80


def test_measurements() -> None:
    """Once both modes are measured, they are compared, with 80 columns."""
    at = "2026-11-30T03:00:00+00:00"
    bgp = Measurement("bgp", "lab-3-bgp-ecmp", at, 200, 12, 0.6, 9.1)
    arp = Measurement("layer-2", "lab-2-layer-2", at, 210, 36, 7.2, 8.0)
    assert "Layer 2 beside" not in _progress().stdout

    record("ada", FIRST, measured=[bgp])
    assert "has measured Layer 2, too, both are" in _progress().stdout

    record("ada", FIRST, measured=[arp])
    lines = _progress().stdout.splitlines()
    (row,) = (line for line in lines if line.startswith("requests lost"))
    assert row.split()[2:] == ["36", "of", "210", "12", "of", "200"]
    assert max(map(len, lines)) <= 80


def test_a_fault_that_is_not_found_has_no_name() -> None:
    """Nor is it in the document."""
    assert "other-class" not in _progress().stdout
    assert "other-class" not in _progress("--json").stdout


def test_json() -> None:
    """The document is the file, which the site's pages open."""
    text = _progress("--json").stdout

    assert text == progress_file("ada").read_text()
    assert json.loads(text)["student"] == "ada"


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "is damaged"), ('{"version": 9}', "is of version 9")],
)
def test_unreadable(text: str, words: str) -> None:
    """It says so, ends with 3, and the file stays."""
    progress_file("ada").write_text(text)

    done = _progress()

    assert done.exit_code == 3
    assert words in done.stderr
    assert progress_file("ada").read_text() == text


def test_what_is_next() -> None:
    """A later lab, then one left out, then other faults."""
    runs = read_progress("ada").runs
    every = [replace(runs[0], lab=lab.id, solved=True) for lab in overviews()]

    assert next_lab(runs, after=1).startswith("make lab-2, ")
    assert next_lab([*every[1:]], after=5).startswith("make lab-0, ")
    assert "has other faults" in next_lab(every)
