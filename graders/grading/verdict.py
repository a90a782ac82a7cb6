"""What an exception in a check says, and about whom."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from graders.checks.check import CheckFailed
from graders.errors import KitError, one_line

if TYPE_CHECKING:
    from graders.grading.result import Outcome

REASON_LIMIT: Final = 160


@dataclass(frozen=True)
class Verdict:
    """The part of a check's result that its exception decides."""

    outcome: Outcome
    reason: str = ""
    expected: str = ""
    got: str = ""
    seen_by: str = ""
    evidence: str = ""


def verdict_for(
    caught: pytest.ExceptionInfo[BaseException], file: Path
) -> Verdict:
    """Return the verdict on a check of `file` that ended in an exception."""
    error = caught.value
    if isinstance(error, CheckFailed):
        return Verdict(
            "fail",
            error.reason,
            error.expected,
            error.got,
            error.seen_by,
            error.evidence,
        )
    if isinstance(error, AssertionError) and _raised_beside(error, file):
        return Verdict("fail", _first_line(error))
    return Verdict("cannot-check", describe(error))


def describe(error: BaseException) -> str:
    """Return one line that says what kept the kit from looking."""
    if isinstance(error, KitError):
        return "; ".join(str(error).splitlines())
    if isinstance(error, pytest.skip.Exception):
        return one_line(error.msg or "skipped", REASON_LIMIT)
    what = one_line(f"{type(error).__name__}: {error}", REASON_LIMIT)
    return f"a fault of the kit, not yours: {what}{_place(error)}"


def _raised_beside(error: AssertionError, file: Path) -> bool:
    """Tell a grader's own assert from one in a library it calls."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and Path(frames[-1].filename).parent == file.parent


def _first_line(error: AssertionError) -> str:
    lines = str(error).strip().splitlines() or ["an assert does not hold"]
    return one_line(lines[0], REASON_LIMIT)


def _place(error: BaseException) -> str:
    """Return where it was raised, as file and line without folders."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})"
