"""On a terminal a result fits on one screen."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from graders.cli import grade
from graders.grading.report import Report
from graders.grading.result import CheckResult, GradeResult, summarise
from graders.grading.screen_report import ScreenReport

GOLDEN = Path(__file__).parents[2] / "golden"
RESULT = GradeResult.model_validate_json((GOLDEN / "result.json").read_text())
PASSED, _, FAILED, WAITING = RESULT.checks
LONG = "a sentence that is longer than what fits into the column of sentences"
# The lab with the most checks has this many.
MANY = 13


def _lines(*checks: CheckResult, height: int = 24) -> list[str]:
    """Return the lines that a terminal of 80 columns shows."""
    screen = io.StringIO()
    console = Console(file=screen, width=80, height=height)
    ScreenReport(console).whole(summarise(RESULT.heading, [*checks], 3.1))
    return screen.getvalue().splitlines()


def _with(check: CheckResult, **fields: str) -> CheckResult:
    return check.model_copy(update=fields)


def test_golden() -> None:
    """The columns are those of the report, and the failure comes last."""
    golden = (GOLDEN / "report-screen.txt").read_text()

    assert "\n".join(_lines(*RESULT.checks)) + "\n" == golden


def test_all_checks_of_a_lab_fit() -> None:
    """Whatever passed and waits, summary and first failure are visible."""
    evidence = "\n".join(f"line {number}" for number in range(30))
    failed = _with(FAILED, sentence=LONG, evidence=evidence)
    passed = [_with(PASSED, sentence=LONG)] * 6
    waiting = [_with(WAITING, sentence=LONG)] * 6

    lines = _lines(*passed, failed, *waiting)

    assert len(lines) < 24
    assert [line[:6] for line in lines[1:7]] == [" PASS "] * 6
    assert lines[15].startswith("First broken layer: route.")
    assert lines[16].startswith(" FAIL  route")
    assert any("seen by" in line for line in lines[16:])
    assert lines[-1] == "           ... (grade --json shows all)"


def test_long_sentences_are_cut() -> None:
    """A check that passed is one line."""
    heading, line, last = _lines(_with(PASSED, sentence=LONG))

    assert "a sentence that is longer than wha..." in line
    assert "10/10   0.1 s" in line
    assert (heading[:5], last[:7]) == ("lab-3", "Solved.")


def test_other_failures_have_their_reason() -> None:
    """One line says what each of them expected."""
    second = _with(FAILED, reason=f"expected {LONG}, not another")
    lines = _lines(FAILED, second)

    cut = [line for line in lines if line.endswith("...")]
    assert [line[:24] for line in cut] == ["         expected a sent"]


def test_why_nothing_could_be_checked() -> None:
    """Without a failure, the first fault of the kit is shown whole."""
    fault = _with(
        WAITING, cause="environment", reason=f"no answer; {LONG}; {LONG}"
    )
    lines = _lines(PASSED, fault)

    assert lines[-1].strip() in LONG
    assert sum("no answer" in line for line in lines) == 2


def test_figures_of_passed_checks() -> None:
    """They are one line under the check."""
    lines = _lines(_with(PASSED, measurements="lost for 1.2 s"))

    assert lines[2] == "         lost for 1.2 s"


@given(st.text(st.characters(exclude_categories=())), st.integers(1, 120))
def test_any_text_is_shown_within_the_width(text: str, width: int) -> None:
    """No text of a student or a command breaks the report."""
    fields = {"reason": text, "evidence": text, "command": text}
    checks = [_with(one, sentence=text, **fields) for one in RESULT.checks]
    screen = io.StringIO()
    console = Console(file=screen, width=width, height=10)
    ScreenReport(console).whole(summarise(RESULT.heading, checks, 3.1))

    lines = screen.getvalue().split("\n")
    assert all(cell_len(line) <= max(width, 72) for line in lines)


@pytest.mark.parametrize("tty", [True, False])
def test_pipes_get_all(tty: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001 - a parameter of pytest
    """The short form is for terminals only."""

    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return tty

    monkeypatch.setattr("sys.stdout", Stream())
    plan = SimpleNamespace(student="ada")
    lab = SimpleNamespace(id="lab-3-bgp-ecmp", title="BGP and ECMP")
    session = SimpleNamespace(lab=lab, plan=plan)

    report = grade._report(session, 1)  # type: ignore[arg-type] # what it uses

    assert type(report) is (ScreenReport if tty else Report)
