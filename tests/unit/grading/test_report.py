"""The terminal report has the shape that the design shows."""

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from graders.grading.report import EVIDENCE_LINES, Report
from graders.grading.result import GradeResult, summarise
from graders.probes.outage import Outage

GOLDEN = Path(__file__).parents[2] / "golden"
RESULT = GradeResult.model_validate_json((GOLDEN / "result.json").read_text())
ANY_TEXT = st.text(st.characters(exclude_categories=()))


def _report(result: GradeResult, width: int, **options: Any) -> str:  # noqa: ANN401 - of Console
    """Return what a console of this width shows."""
    screen = io.StringIO()
    Report(Console(file=screen, width=width, **options)).whole(result)
    return screen.getvalue()


def _failing(**fields: str) -> GradeResult:
    """Return the result with other text in all but the passed checks."""
    checks = [
        check if check.outcome == "pass" else check.model_copy(update=fields)
        for check in RESULT.checks
    ]
    return RESULT.model_copy(update={"checks": tuple(checks)})


def _with(outcome: str) -> GradeResult:
    """Return the result with one outcome for all checks."""
    update = {"outcome": outcome, "reason": "no answer from the cluster"}
    checks = [check.model_copy(update=update) for check in RESULT.checks]
    return summarise(RESULT.heading, checks, 2.04)


@pytest.mark.parametrize("width", [80, 100])
def test_the_report_is_the_golden_one(width: int) -> None:
    """Columns, indents and the last line stay as they are."""
    golden = (GOLDEN / f"report-{width}.txt").read_text()

    assert _report(RESULT, width) == golden


def test_a_wide_terminal_does_not_tear_the_columns_apart() -> None:
    """The report is 100 columns wide at most."""
    assert _report(RESULT, 300) == _report(RESULT, 100)


def test_a_terminal_has_colour() -> None:
    """Colour is for terminals; files and pipes get plain text."""
    assert "\x1b[" in _report(RESULT, 100, force_terminal=True)
    assert "\x1b[" not in _report(RESULT, 100)


def test_the_last_line_of_a_solved_lab() -> None:
    """It says so, with points and seconds."""
    last = _report(_with("pass"), 80).splitlines()[-1]

    assert last == "Solved. 20 of 70 points, 2.0 s."


def test_the_last_line_when_the_kit_could_not_look() -> None:
    """Nothing failed, so no layer is called broken."""
    last = _report(_with("cannot-check"), 80).splitlines()[-1]

    assert last == (
        "Could not check 4 of 4.   20 of 70 points, 2.0 s.   Why? lab status"
    )


def test_why_a_check_could_not_be_made_stands_under_it() -> None:
    """A reason that is too long for the last column has its own line."""
    assert "         no answer from the cluster\n" in _report(
        _with("cannot-check"), 80
    )


def test_long_evidence_is_cut_with_a_word_where_all_of_it_is() -> None:
    """No more than a few lines are shown."""
    evidence = "\n".join(f"line {number}" for number in range(100))

    lines = _report(_failing(evidence=evidence), 80).splitlines()

    shown = sum(line.startswith("           line") for line in lines)
    assert shown == 2 * EVIDENCE_LINES
    assert "           ... (grade --json shows all)" in lines


def test_what_looks_like_markup_is_text() -> None:
    """A student's label cannot colour the report or make it crash."""
    text = _report(_failing(reason="expected [bold]x[/red], not :smile:"), 80)

    assert "expected [bold]x[/red], not :smile:" in text


def test_control_characters_are_shown_and_not_obeyed() -> None:
    """A web page cannot clear the student's screen."""
    assert "\\x1b[2J\\x07" in _report(_failing(evidence="\x1b[2J\x07"), 80)


def test_a_console_that_knows_only_ascii_is_enough() -> None:
    """Other characters are shown by number."""
    raw = io.BytesIO()
    screen = io.TextIOWrapper(raw, encoding="ascii")
    Report(Console(file=screen, width=80)).whole(_failing(reason="über"))
    screen.flush()

    assert b"\\xfcber" in raw.getvalue()


@given(ANY_TEXT, st.integers(1, 200))
def test_any_text_is_shown_within_the_width(text: str, width: int) -> None:
    """No text of a student or a command breaks the report."""
    fields = {"reason": text, "evidence": text, "command": text}

    lines = _report(_failing(sentence=text, **fields), width).split("\n")

    assert all(cell_len(line) <= max(width, 72) for line in lines)
    assert all(line.isprintable() for line in lines)


def test_a_quick_grade_names_the_rest() -> None:
    """Where only --full is left, the last line says so."""
    checks = [
        check.model_copy(
            update={
                "outcome": "cannot-check",
                "cause": "needs-full",
                "reason": "any words",
            }
            if check is RESULT.checks[-1]
            else {"outcome": "pass", "cause": "", "reason": ""}
        )
        for check in RESULT.checks
    ]
    text = _report(summarise(RESULT.heading, checks, 2.04), 100)

    assert "Nothing broken so far." in text
    assert "The rest: grade --full" in text


def test_an_outage_is_drawn_at_the_end() -> None:
    """It has a row for answers and one for losses, and words below."""
    first, *others = RESULT.checks
    outage = Outage("bgp", "http://10.0.100.7/", (0.0, 0.2), (0.4,))
    first = first.model_copy(update={"outage": outage})
    text = _report(RESULT.model_copy(update={"checks": (first, *others)}), 80)

    assert text.startswith(_report(RESULT, 80))
    assert "answered   =\nlost       x\n" in text


def test_a_figure_stands_under_a_check_that_passed() -> None:
    """How well it passed is for whoever wants to know."""
    first, *others = RESULT.checks
    first = first.model_copy(update={"measurements": "lost for 1.2 s"})
    text = _report(RESULT.model_copy(update={"checks": (first, *others)}), 80)

    assert "         measured  lost for 1.2 s\n" in text
    assert text.count("measured") == 1
