"""What the proof makes of one grade."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graders.grading.result import GradeResult


def verdict(result: GradeResult) -> dict[str, str]:
    """Return each check's outcome."""
    return {check.name: check.outcome for check in result.checks}


def flawless(result: GradeResult) -> bool:
    """Tell whether nothing is wrong, as far as the grade looked."""
    return result.flawless


def fails_on(checks: tuple[str, ...], result: GradeResult) -> bool:
    """Tell whether one of these checks failed."""
    return any(failed.name in checks for failed in result.failed)


def errors(result: GradeResult) -> list[str]:
    """Return what the kit could not look at, through no failed check."""
    return [
        f"could not check {check.name} ({check.reason})"
        for check in result.unchecked
        if not check.reason.startswith("needs ")
    ]


def summary(result: GradeResult) -> str:
    """Return what failed, in which layer first, and what was not seen."""
    if result.flawless:
        return "passes"
    failed = ", ".join(check.name for check in result.failed)
    layer = result.first_broken_layer
    parts = [f"fails on {failed} ({layer})"] if failed else []
    return "; ".join(parts + errors(result)) or "nothing failed"
