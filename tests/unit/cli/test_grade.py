"""What `grade` says after the summary."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from rich.console import Console

from graders.cli.grade import _conclude
from graders.course.lab import load_lab
from graders.grading.progress import read_progress
from graders.grading.report import Report
from graders.grading.result import GradeResult
from graders.probes.outage import Mode, Outage
from graders.state.lab_state import State

if TYPE_CHECKING:
    import pytest

GOLDEN = Path(__file__).parents[2] / "golden"
RESULT = GradeResult.model_validate_json((GOLDEN / "result.json").read_text())


def _concluded(number: str, mode: Mode) -> str:
    """Return what follows a grade in which a check measured an outage."""
    lab = load_lab(number)
    outage = Outage(mode, "http://10.0.100.7/", (0.0, 0.2), (0.4,))
    measured = RESULT.checks[0].model_copy(update={"outage": outage})
    result = RESULT.model_copy(
        update={"lab": lab.id, "checks": (measured, *RESULT.checks[1:])}
    )
    session = SimpleNamespace(lab=lab, plan=SimpleNamespace(student="ada"))
    state = State(lab.id, next(iter(lab.variants)), "ab" + number, 1)
    screen = io.StringIO()
    report = Report(Console(file=screen, width=80))
    _conclude(session, state, result, report)  # type: ignore[arg-type] # what it uses
    return screen.getvalue()


def test_modes_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once both were measured, in whatever order."""
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path))

    first = _concluded("3", "bgp")
    second = _concluded("2", "layer-2")

    assert "has measured Layer 2, too, both are compared" in first
    assert "Layer 2, lab 2    BGP, lab 3" in second
    assert "1 of 3            1 of 3" in second
    assert len(read_progress("ada").measurements) == 2
