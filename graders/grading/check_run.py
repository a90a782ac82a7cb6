"""One check while it runs, and what the exception that ended it means."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from graders.checks.check import CheckFailed
from graders.errors import CannotCheck, KitError, one_line
from graders.grading.result import CheckResult

if TYPE_CHECKING:
    from graders.checks.check import CheckSpec
    from graders.grading.result import Cause, Outcome
    from graders.probes.outage import Outage

MAX_LENGTH: Final = 160


class NotRun(CannotCheck):
    """A check that is not run, and why."""

    def __init__(self, cause: Cause, reason: str) -> None:
        """Keep the cause as a value; `reason` is for people."""
        super().__init__(reason)
        self.cause = cause


@dataclass
class CheckRun:
    """A check, its duration so far and its outcome.

    It has passed until an exception is recorded; only the first one counts.
    """

    spec: CheckSpec
    seconds: float = 0.0
    outcome: Outcome = "pass"
    cause: Cause = ""
    reason: str = ""
    expected: str = ""
    actual: str = ""
    command: str = ""
    evidence: str = ""

    def record(self, error: BaseException, file: Path | None = None) -> None:
        """Set the outcome by the exception that ended a check of `file`."""
        if self.outcome != "pass":
            return
        if isinstance(error, CheckFailed):
            self.outcome, self.reason = "fail", error.reason
            self.expected, self.actual = error.expected, error.actual
            self.command, self.evidence = error.seen_by, error.evidence
        elif isinstance(error, AssertionError) and _raised_in(error, file):
            self.outcome, self.reason = "fail", _first_line(error)
        else:
            self.outcome, self.cause = "cannot-check", _cause(error)
            self.reason = describe(error)

    def withdraw(self, error: CannotCheck) -> None:
        """Take back what was recorded: the check could not be made."""
        self.outcome, self.cause = "cannot-check", "environment"
        self.reason = describe(error)
        self.expected = self.actual = self.command = self.evidence = ""

    def result(
        self, measurements: str = "", outage: Outage | None = None
    ) -> CheckResult:
        """Return the result; points are all or nothing."""
        points = self.spec.max_points if self.outcome == "pass" else 0
        return CheckResult(
            name=self.spec.name,
            layer=self.spec.layer,
            sentence=self.spec.sentence,
            outcome=self.outcome,
            cause=self.cause,
            points=points,
            max_points=self.spec.max_points,
            seconds=round(self.seconds, 3),
            expected=self.expected,
            actual=self.actual,
            command=self.command,
            evidence=self.evidence,
            reason=self.reason,
            measurements=measurements,
            outage=outage,
        )


def describe(error: BaseException) -> str:
    """Return one line that says why the kit could not look."""
    if isinstance(error, KitError):
        return "; ".join(str(error).splitlines())
    if isinstance(error, pytest.skip.Exception):
        return one_line(error.msg or "skipped", MAX_LENGTH)
    what = one_line(f"{type(error).__name__}: {error}", MAX_LENGTH)
    return f"a fault of the kit, not yours: {what}{_place(error)}"


def _cause(error: BaseException) -> Cause:
    if isinstance(error, NotRun):
        return error.cause
    return "environment" if isinstance(error, CannotCheck) else "kit"


def _raised_in(error: AssertionError, file: Path | None) -> bool:
    """Tell an assert of the grader files from one in a library."""
    frames = traceback.extract_tb(error.__traceback__)
    if not (frames and file):
        return False
    return Path(frames[-1].filename).parent == file.parent


def _first_line(error: AssertionError) -> str:
    lines = str(error).strip().splitlines() or ["an assert does not hold"]
    return one_line(lines[0], MAX_LENGTH)


def _place(error: BaseException) -> str:
    """Return file and line where it was raised, without folders."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})"
