"""Where a claim and the grade of a replay disagree."""

from __future__ import annotations

import pytest

from graders.classroom.claim import disagreements
from tests.regraded_rows import graded


def test_they_agree() -> None:
    """The same checks passed."""
    assert disagreements(graded(), graded()) == []


def test_a_claim_that_the_lab_does_not_bear_out() -> None:
    """The check is named."""
    found = disagreements(graded(), graded(failed="vip"))

    assert found == ["vip: claimed passed, regraded failed"]


def test_a_claim_of_less() -> None:
    """The repair works, and the student did not know."""
    found = disagreements(graded(failed="vip"), graded())

    assert found == ["vip: claimed failed, regraded passed"]


def test_a_check_without_a_verdict_is_not_compared() -> None:
    """A plain grade leaves out what disturbs the lab."""
    whole = graded()
    checks = (
        whole.checks[0].model_copy(
            update={"outcome": "cannot-check", "cause": "needs-full"}
        ),
        *whole.checks[1:],
    )
    partly = whole.model_copy(
        update={"checks": checks, "points": 0, "solved": False}
    )

    assert disagreements(partly, whole) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"points": 999}, "claimed 999 of "),
        ({"checks": "renamed"}, "none: claimed, and no check of lab-1"),
    ],
)
def test_a_forged_claim(change: dict[str, object], found: str) -> None:
    """Points or checks that are not those of the lab."""
    whole = graded()
    if "checks" in change:
        one = whole.checks[0].model_copy(update={"name": "none"})
        change = {"checks": (one, *whole.checks)}

    (line,) = disagreements(whole.model_copy(update=change), whole)

    assert line.startswith(found)
