"""Speakers that do not know of each other: two answer for one VIP.

It happens by itself just after speakers came anew, once in ten times; here
their words to each other are dropped, so that it happens each time.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Final

import pytest

from graders.course.lab import load_lab
from graders.providers.kind_location import locate
from tests.depth import FULL, thorough

from .conftest import STUDENT, eventually, ok, run
from .test_45_damage import solve, troubles

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("fresh")

LAB: Final = load_lab("2")
# A speaker that came when another one had no address yet does not look for it
# until five minutes later; one that comes now knows all nodes.
_ANEW: Final = (
    "kubectl rollout restart daemonset metallb-speaker -n metallb-system;"
    " kubectl rollout status daemonset metallb-speaker -n metallb-system"
)
_WORDS: Final = """
for way in INPUT OUTPUT; do
  for by in tcp udp; do
    iptables -w %s $way -p $by --dport 7946 -j DROP || exit
  done
done
"""


@thorough
def test_two_announce() -> None:
    """A lab is solved once they have met, which a grade waits for.

    With `PROOF=--full make test`, also that it fails as long as they do not.
    """
    variant = next(iter(LAB.variants))
    ok("lab", "start", LAB.id, "--variant", variant)
    solve(LAB, variant)
    ok("lab", "shell", "-c", _ANEW)
    with _apart():
        if FULL:
            found = troubles(LAB)
            assert "by one" in (found.get("announced") or found["arp"])
    assert troubles(LAB) == {}


def _answering() -> set[str]:
    """Return the MACs that answer ARP for web's VIP."""
    vip = locate(STUDENT).plan.l2_vip
    typed = f"arping -b -c 2 -w 2 -I eth0 {vip}"
    said = run("lab", "shell", "lan-client", "-c", typed).stdout
    return {*re.findall(r"\[(.*?)\]", said)}


@contextlib.contextmanager
def _apart() -> Iterator[None]:
    """Let the speaker of a worker hear nobody, once two announce web."""
    ok("lab", "shell", "worker", "-c", _WORDS % "-I")
    try:
        eventually(lambda: len(_answering()) > 1)
        yield
    finally:
        ok("lab", "shell", "worker", "-c", _WORDS % "-D")
