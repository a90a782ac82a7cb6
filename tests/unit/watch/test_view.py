"""One line sums up what is watched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graders.watch.view import Mark, View
from tests.watching import VIEW


@pytest.mark.parametrize(
    ("marks", "verdict"),
    [
        (("pass", "fail", "needs"), "First broken layer: advertisement."),
        (("pass", "pass", "cannot-check"), "Nothing failed, but not all"),
        (("pass", "pass", "grade"), "All that can be seen is right"),
        (("pass", "waiting", "fail"), "looking at the lab"),
        (("pass", "needs", "grade"), "looking at the lab"),
        (("pass", "fail", "waiting"), "First broken layer: advertisement."),
    ],
)
def test_verdict(marks: tuple[Mark, ...], verdict: str) -> None:
    """The first broken layer counts, else what is not known."""
    rows = tuple(
        replace(row, mark=mark)
        for row, mark in zip(VIEW.rows[:3], marks, strict=True)
    )

    assert replace(VIEW, rows=rows).verdict.startswith(verdict)


def test_message() -> None:
    """A message takes the place of the verdicts."""
    view = VIEW.without_verdicts("waiting for `lab reset`")

    assert view.verdict == "waiting for `lab reset`"
    marks = {row.mark for row in view.rows}
    assert marks == {"waiting", "grade"}


def test_no_lab() -> None:
    """Without a lab there is no number."""
    assert View("ada").number == -1
    assert VIEW.number == 3
