"""Results of `grade` are kept, and say which labs are solved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.files import RECORDS
from graders.grading.kept_results import keep_result, solved_labs
from graders.grading.result import GradeResult

if TYPE_CHECKING:
    from pathlib import Path

RESULT = GradeResult(
    version=1,
    kit="0",
    lab="lab-1-pending-service",
    title="t",
    student="ada",
    attempt=1,
    solved=False,
    points=1,
    total=1,
    seconds=0.1,
    first_broken_layer=None,
    checks=(),
)
SOLVED = RESULT.model_copy(update={"solved": True})


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the folder of the student's results."""
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path))
    return tmp_path / "ada" / "results"


def test_kept(folder: Path) -> None:
    """A result is a file that has what --json prints."""
    keep_result(RESULT)

    (file,) = folder.iterdir()
    assert GradeResult.model_validate_json(file.read_text()) == RESULT
    assert solved_labs("ada") == set()


def test_verdict_needs_no_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where it cannot be kept, the verdict is the same."""
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path / "state"))
    (tmp_path / "state").write_text("a file")

    keep_result(SOLVED)

    assert solved_labs("ada") == set()


def test_solved_is_not_forgotten() -> None:
    """A lab stays solved after many more grades."""
    keep_result(SOLVED)
    for _ in range(RECORDS + 1):
        keep_result(RESULT)

    assert solved_labs("ada") == {RESULT.lab}
    assert solved_labs("bob") == set()


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{", "\x00", '{"version": 2, "solved": true, "lab": "x"}'),
        '{"version": 1, "solved": "yes", "lab": "x"}',
        '{"version": 1, "solved": true}',
    ],
)
def test_damaged_file(folder: Path, text: str) -> None:
    """It is skipped, and the others are read."""
    keep_result(SOLVED)
    (folder / "solved-lab-0.json").write_text(text)

    assert solved_labs("ada") == {RESULT.lab}
