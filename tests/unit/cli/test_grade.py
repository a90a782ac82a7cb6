"""Results of `grade` are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.cli import grade
from graders.grading.result import GradeResult

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

RESULT = GradeResult(
    version=1,
    kit="0",
    lab="lab-1-pending-service",
    title="t",
    student="ada",
    attempt=1,
    solved=True,
    points=1,
    total=1,
    seconds=0.1,
    first_broken_layer=None,
    checks=(),
)


def test_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A result is a file that has what --json prints."""
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path))

    grade._keep(RESULT)

    (file,) = (tmp_path / "ada" / "results").iterdir()
    assert GradeResult.model_validate_json(file.read_text()) == RESULT


def test_verdict_needs_no_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where it cannot be kept, the verdict is the same."""
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path / "state"))
    (tmp_path / "state").write_text("a file")

    grade._keep(RESULT)
