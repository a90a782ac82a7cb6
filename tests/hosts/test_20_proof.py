"""One fault of each lab, proven on hosts as on containers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from graders.course.lab import all_labs
from tests.depth import FULL
from tests.proving import expect_proven

if TYPE_CHECKING:
    from .conftest import Kit

# Lab 0 comes first and takes MetalLB away; the next one brings it back.
# Lab 5 is proven on the one fabric host, and lab 2's network is restarted;
# lab 6 differs from the others in the cluster only.
_ELSEWHERE: Final = frozenset({2, 5, 6})
CASES: Final = [
    (lab.id, next(iter(lab.variants)))
    for lab in all_labs()
    if FULL or lab.number not in _ELSEWHERE
]


@pytest.mark.usefixtures("stands")
@pytest.mark.parametrize(("lab", "variant"), CASES)
def test_proof(kit: Kit, lab: str, variant: str) -> None:
    """Each step of the proof comes out as it must."""
    done = kit.run(
        *("lab", "prove", lab, "--variant", variant, "--brief", "--json")
    )
    expect_proven(done)
