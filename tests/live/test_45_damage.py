"""Whatever a student damages: a verdict with its reason, and reset mends it.

A solved lab is damaged, so that it is the damage that the verdict tells of.
Two labs are, in the two ways that take most away; with `PROOF=--full make
test`, every lab in every way that matters to it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from graders.course.lab import load_lab
from graders.course.solutions import repairs_for
from graders.proof.driver import LabDriver
from graders.providers.kind_location import locate
from tests.depth import FULL

from .conftest import STUDENT, ok, run

if TYPE_CHECKING:
    from graders.course.lab import Lab

pytestmark = pytest.mark.usefixtures("fresh")

_ROUTER: Final = (
    "vtysh -c 'configure terminal'"
    " -c \"no $(vtysh -c 'show running-config' | grep '^router bgp')\""
    " && : > /etc/frr/frr.conf"
)
_ZERO: Final = (
    'kubectl scale deployment --all --replicas=0 -n "$NAMESPACE";'
    " kubectl scale deployment --all --replicas=0 -n metallb-system;"
    " kubectl patch daemonset metallb-speaker -n metallb-system -p"
    ' \'{"spec": {"template": {"spec": {"nodeSelector": {"no": "where"}}}}}\''
)
# What is typed, and where: on a machine, or in the kit's own shell.
DAMAGE: Final = {
    "namespace": ("", 'kubectl delete namespace "$NAMESPACE" --wait=false'),
    "router": ("router", _ROUTER),
    "crds": ("", "kubectl delete $(kubectl get crd -o name | grep metallb)"),
    "metallb": ("", "kubectl delete namespace metallb-system --timeout=60s"),
    "zero": ("", _ZERO),
}
_BRIEF: Final = {"3": ("router",), "5": ("metallb",)}
# The router's configuration is nothing to a lab on Layer 2.
_FULL: Final = {
    number: [how for how in DAMAGE if how != "router" or number in "34"]
    for number in "12345"
}
_WAYS: Final = _FULL if FULL else _BRIEF
CASES: Final = [(lab, how) for lab, ways in _WAYS.items() for how in ways]


@pytest.mark.parametrize(("number", "how"), CASES)
def test_damage(number: str, how: str) -> None:
    """The grade says what is broken, and after a reset all is as shipped."""
    lab = load_lab(number)
    variant = next(iter(lab.variants))
    ok("lab", "start", number, "--variant", variant)
    solve(lab, variant)
    assert troubles(lab) == {}
    where, typed = DAMAGE[how]
    place = (where,) if where else ()
    typed = f"NAMESPACE={lab.namespace}; {typed}"
    ok("lab", "shell", *place, "-c", typed)

    damaged = troubles(lab)
    assert damaged
    assert all(damaged.values())

    ok("lab", "reset")
    assert next(iter(troubles(lab))) == lab.variant(variant).breaks


def solve(lab: Lab, variant: str) -> None:
    """Type the solution."""
    driver = LabDriver(locate(STUDENT).plan, print, lab, variant)
    driver.play(repairs_for(lab, variant).solution)


def troubles(lab: Lab) -> dict[str, str]:
    """Grade what stands; return the checks that did not pass, and why."""
    done = run("grade", "--json")
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert done.returncode in {0, 1, 3}, said
    result = json.loads(done.stdout)
    assert result["lab"] == lab.id
    return {
        check["name"]: check["reason"]
        for check in result["checks"]
        if check["outcome"] != "pass" and check["cause"] != "needs-full"
    }
