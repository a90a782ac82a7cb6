"""JUnit XML tells failures, the kit's own faults and what hangs on them."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.grading.junit import to_junit
from graders.grading.result import GradeResult

GOLDEN = Path(__file__).parents[2] / "golden"
RESULT = GradeResult.model_validate_json((GOLDEN / "result.json").read_text())


def _reasoned(reason: str) -> GradeResult:
    """Return the result with `reason` in every check."""
    checks = [
        check.model_copy(update={"reason": reason, "evidence": reason})
        for check in RESULT.checks
    ]
    return RESULT.model_copy(update={"checks": tuple(checks)})


def test_the_xml_is_the_golden_one() -> None:
    """Names and counts stay as they are."""
    assert to_junit(RESULT) == (GOLDEN / "junit.xml").read_text()


@pytest.mark.parametrize(
    ("cause", "counts"),
    [
        ("needs", ("0", "1")),
        ("needs-full", ("0", "1")),
        ("interrupted", ("1", "0")),
        ("environment", ("1", "0")),
        ("kit", ("1", "0")),
    ],
)
def test_the_cause_decides(cause: str, counts: tuple[str, str]) -> None:
    """An error is not a student's failure, whatever its reason says."""
    *others, last = _reasoned("needs patience").checks
    checks = (*others, last.model_copy(update={"cause": cause}))
    result = RESULT.model_copy(update={"checks": checks})
    suite = ET.fromstring(to_junit(result))  # noqa: S314 - our own XML

    assert (suite.get("errors"), suite.get("skipped")) == counts


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_makes_well_formed_xml(text: str) -> None:
    """XML forbids most control characters, even escaped."""
    ET.fromstring(to_junit(_reasoned(text)).encode())  # noqa: S314 - our own XML


def test_a_figure_is_the_output_of_its_case() -> None:
    """It counts as neither a failure nor an error."""
    checks = [
        check.model_copy(update={"measurements": "lost for 1.2 s"})
        for check in RESULT.checks
    ]
    found = to_junit(RESULT.model_copy(update={"checks": tuple(checks)}))

    assert found.count("<system-out>lost for 1.2 s</system-out>") == 4
    assert 'failures="1" errors="0" skipped="1"' in found
