"""One fault of each lab, proven on hosts as on containers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from graders.course.lab import all_labs
from tests.depth import in_share, thorough
from tests.proving import expect_proven

if TYPE_CHECKING:
    from .conftest import Kit

# Lab 0 comes first and takes MetalLB away; the next one brings it back.
# Lab 5 is proven on the one fabric host, and lab 2's network is restarted.
_ELSEWHERE: Final = frozenset({2, 5})
CASES: Final = [
    pytest.param(
        *(lab.id, next(iter(lab.variants))),
        marks=()
        if in_share(lab.number) and lab.number not in _ELSEWHERE
        else thorough,
    )
    for lab in all_labs()
]


@pytest.mark.usefixtures("stands")
@pytest.mark.parametrize(("lab", "variant"), CASES)
def test_proof(kit: Kit, lab: str, variant: str) -> None:
    """Each step of the proof comes out as it must.

    Of the wrong repairs every third is played: most checks do not depend on
    what the machines are.
    """
    done = kit.run(
        *("lab", "prove", lab, "--variant", variant, "--brief", "--json"),
        *("--wrong", "1/3"),
    )
    expect_proven(done)
