"""A second student's lab beside the first, on one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.hostnet import current_plan

from .conftest import ok, run

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def second(fresh: str) -> Iterator[str]:
    """Stand a second student's lab up, and take it down again."""
    del fresh
    name = "ada"
    ok("lab", "start", "1", "--student", name)
    yield name
    ok("lab", "down", "--student", name)


def test_two_stand_side_by_side(second: str) -> None:
    """Both labs are graded for themselves; neither disturbs the other."""
    ok("lab", "start", "1")
    ours, theirs = current_plan("demo").plan, current_plan(second).plan
    assert not ours.lan.overlaps(theirs.lan)
    for student in ("demo", second):
        graded = run("grade", "--student", student)
        assert graded.returncode == 1, graded.stdout + graded.stderr
        assert "pending" in graded.stdout
