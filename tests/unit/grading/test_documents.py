"""Results of `grade` are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.files import RECORDS
from graders.grading.documents import keep_result
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


@pytest.fixture(autouse=True)
def folder(base: Path) -> Path:
    """Return the folder of the student's results."""
    return base / "ada" / "results"


def test_kept(folder: Path) -> None:
    """A result is a file that has what --json prints; the last are kept."""
    for _ in range(RECORDS + 1):
        keep_result(RESULT)

    files = list(folder.iterdir())
    assert len(files) == RECORDS
    assert GradeResult.model_validate_json(files[0].read_text()) == RESULT


def test_verdict_needs_no_disk(base: Path) -> None:
    """Where it cannot be kept, the verdict is the same."""
    base.write_text("a file")

    keep_result(RESULT)
