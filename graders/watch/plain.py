"""Print changes as lines, for screen readers and logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from graders.errors import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graders.watch.view import Row, View


def _now() -> str:
    return f"{datetime.now().astimezone():%H:%M:%S}"


@dataclass
class PlainReport:
    """Prints what differs from what it printed before, one line each."""

    write: Callable[[str], object]
    clock: Callable[[], str] = _now
    _lab: str = ""
    _rows: dict[str, Row] = field(default_factory=dict)
    _verdict: str = ""

    def __call__(self, view: View) -> None:
        """Print the changes."""
        for line in self._changes(view):
            self.write(printable(f"{self.clock()} {line}"))

    def _changes(self, view: View) -> Iterator[str]:
        if view.lab and _heading(view) != self._lab:
            self._lab, self._rows = _heading(view), {}
            yield self._lab
        for row in view.rows:
            if row.mark != "waiting" and row != self._rows.get(row.spec.name):
                self._rows[row.spec.name] = row
                yield _line(row)
        if view.verdict != self._verdict:
            self._verdict = view.verdict
            yield view.verdict


def _heading(view: View) -> str:
    """Return which lab is watched, whose, and how often it was graded."""
    return (
        f"lab-{view.number}, {view.title}: student {view.student},"
        f" attempts {view.attempts}"
    )


def _line(row: Row) -> str:
    """Return a check in one line."""
    word = {
        "pass": "PASS",
        "fail": "FAIL",
        "cannot-check": "cannot check",
    }.get(row.mark, "not judged")
    parts = [f"{word} {row.spec.layer}: {row.spec.sentence}"]
    if row.reason:
        parts.append(row.reason)
    if row.command:
        parts.append(f"seen by: {row.command}")
    return "; ".join(parts)
