"""What `lab watch` shows, as values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from graders.checks.check import CheckSpec
    from graders.grading.check_run import CheckRun

# Of a check: not judged yet, passed, failed, a check that it needs did not
# pass, the kit could not look, or only a grade looks.
Mark: TypeAlias = Literal[
    "waiting", "pass", "fail", "needs", "cannot-check", "grade"
]
WORDS: Final[dict[Mark, str]] = {
    "waiting": "....",
    "pass": "PASS",
    "fail": "FAIL",
    "needs": "----",
    "cannot-check": " ?? ",
    "grade": "----",
}


@dataclass(frozen=True)
class Row:
    """A check as it is shown; `reason` and `command` if it did not pass."""

    spec: CheckSpec
    mark: Mark = "waiting"
    reason: str = ""
    command: str = ""


@dataclass(frozen=True)
class View:
    """All that is shown. `message` is why nothing is judged, or ""."""

    student: str
    lab: str = ""
    title: str = ""
    attempts: int = 0
    since: float = 0.0
    rows: tuple[Row, ...] = ()
    message: str = ""

    @property
    def number(self) -> int:
        """The number of the lab, -1 without one."""
        return int(self.lab.split("-")[1]) if self.lab else -1

    @property
    def verdict(self) -> str:
        """One line that sums up the rows."""
        if self.message:
            return self.message
        marks = [row.mark for row in self.rows]
        # Whichever comes first: a layer before it may be broken, too.
        known = [mark for mark in marks if mark in {"fail", "waiting"}]
        if not marks or known[:1] == ["waiting"]:
            return "looking at the lab ..."
        if known:
            layer = self.rows[marks.index("fail")].spec.layer
            return f"First broken layer: {layer}."
        if "cannot-check" in marks:
            return "Nothing failed, but not all could be checked."
        if "needs" in marks:
            # What it needs has just passed: it is judged next.
            return "looking at the lab ..."
        return "All that can be seen is right. Grade it."

    def without_verdicts(self, message: str) -> View:
        """Return the same checks as not judged, and why."""
        rows = tuple(_unjudged(row) for row in self.rows)
        return replace(self, rows=rows, message=message)


def _unjudged(row: Row) -> Row:
    return row if row.mark == "grade" else Row(row.spec)


def judged(run: CheckRun) -> Row:
    """Return the row of a check that has run."""
    return Row(run.spec, run.outcome, run.reason, run.command)
