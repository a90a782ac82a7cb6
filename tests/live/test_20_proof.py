"""Every lab and variant: red as shipped, wrong refused, right passes."""

from __future__ import annotations

import os
from typing import Final

import pytest

from graders.course.lab import all_labs
from tests.proving import expect_proven

from .conftest import run

CASES: Final = [(lab.id, name) for lab in all_labs() for name in lab.variants]
# `PROOF=--full make test` leaves nothing out, and takes its time.
DEPTH: Final = os.environ.get("PROOF", "--brief").split()


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(("lab", "variant"), CASES)
def test_proof(lab: str, variant: str) -> None:
    """Each step of the proof comes out as it must."""
    done = run("lab", "prove", lab, "--variant", variant, "--json", *DEPTH)
    expect_proven(done)
