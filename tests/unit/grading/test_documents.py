"""Results are kept, and written to files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.errors import UsageError
from graders.files import RECORDS
from graders.grading.documents import keep_result, write_document
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


def test_written(tmp_path: Path) -> None:
    """A file has the text; one that cannot be written is wrong usage."""
    write_document(tmp_path / "out.xml", "<x/>", "--junit")
    assert (tmp_path / "out.xml").read_text() == "<x/>"

    file = tmp_path / "no" / "out.xml"
    with pytest.raises(UsageError) as caught:
        write_document(file, "<x/>", "--junit")
    assert str(caught.value) == (
        f"could not write {file}: No such file or directory;"
        " give --junit a file that you may write"
    )
