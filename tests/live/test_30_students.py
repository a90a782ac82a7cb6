"""A second student's lab beside the first, on one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.providers.kind_location import locate

from .conftest import STUDENT, ok, run

if TYPE_CHECKING:
    from collections.abc import Callable

# A third cluster beside those of two workers is too much for two cores.
pytestmark = pytest.mark.machine


def test_two_stand_side_by_side(second: str) -> None:
    """Both labs are graded for themselves; neither disturbs the other."""
    ok("lab", "start", "1", "--student", second)
    ok("lab", "start", "1")
    ours, theirs = locate(STUDENT).plan, locate(second).plan
    assert not ours.lan.overlaps(theirs.lan)
    for student in (STUDENT, second):
        graded = run("grade", "--student", student)
        assert graded.returncode == 1, graded.stdout + graded.stderr
        assert "pending" in graded.stdout


def test_down_leaves_the_other_lab(
    second: str, docker: Callable[..., str]
) -> None:
    """One student's lab goes, with everything in it; the other one stays."""
    theirs, ours = locate(second).plan, locate(STUDENT).plan
    ok("lab", "down", "--student", second)
    left = docker("ps", "--all", "--format", "{{.Names}}").split()
    assert not {*theirs.node_names(), *theirs.machine_names()} & {*left}
    assert {*ours.node_names(), *ours.machine_names()} <= {*left}
