"""The steps of the proof are those that are listed in tests/golden."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.course.lab import all_labs
from graders.proof.proof import planned
from graders.settings import ROOT

if TYPE_CHECKING:
    from graders.proof.proof import Depth


# `make test` proves at depth `brief`, `lab prove` at depth `whole`.
@pytest.mark.parametrize("depth", ["brief", "whole"])
def test_no_step_is_lost(depth: Depth) -> None:
    """A file or a variant that is dropped would not be missed otherwise."""
    file = ROOT / "tests" / "golden" / f"proof-{depth}.txt"
    steps = [
        step
        for lab in all_labs()
        for step in planned(lab, lab.variants, depth)
    ]

    assert steps == file.read_text(encoding="utf-8").splitlines(), (
        "if the steps of the proof are as they should be: make proof-steps"
    )
