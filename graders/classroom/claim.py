"""Compare what a student's grade said with the grade of a replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graders.grading.result import GradeResult


def disagreements(claimed: GradeResult, verified: GradeResult) -> list[str]:
    """Return in which checks the two grades differ, one line each.

    A check without a verdict in one of them, such as one that only
    `grade --full` carries out, is compared with nothing.
    """
    found = verified.outcomes
    lines = [
        f"{name}: claimed {_word(outcome)}, regraded {_word(found[name])}"
        for name, outcome in claimed.outcomes.items()
        if name in found
        and "cannot-check" not in {outcome, found[name]}
        and outcome != found[name]
    ]
    lines += [
        f"{name}: claimed, and no check of {verified.lab}"
        for name in claimed.outcomes
        if name not in found
    ]
    if not lines and claimed.points > verified.points:
        lines.append(
            f"claimed {claimed.points} of {claimed.total} points, regraded"
            f" {verified.points} of {verified.total}"
        )
    return lines


def _word(outcome: str) -> str:
    return {"pass": "passed", "fail": "failed"}.get(outcome, outcome)
