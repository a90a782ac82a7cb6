"""Checks and views that tests of `lab watch` share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from graders.checks.check import CheckSpec
from graders.watch.view import Row, View

if TYPE_CHECKING:
    from graders.course.lab import Layer

SENTENCES = {
    "vip": "web has the VIP 10.0.100.7",
    "announced": "The speaker of each worker, and no other, announces the VIP",
    "sessions": "The router has one BGP session with each node, at BGP's port",
    "paths": "The router accepts a path to the VIP from each worker",
    "ecmp": "Connections of one client reach every worker, and none is lost",
    "filter": "Pools and the router keep to the prefix agreed for Services",
}


def spec(name: str, layer: Layer = "allocation", *needs: str) -> CheckSpec:
    """Return a check by its name."""
    return replace(
        CheckSpec("allocation", needs),
        layer=layer,
        name=name,
        sentence=SENTENCES.get(name, name),
    )


VIEW = View(
    "ada",
    "lab-3-bgp-ecmp",
    "BGP and ECMP",
    attempts=2,
    since=0.0,
    rows=(
        Row(spec("vip"), "pass"),
        Row(spec("announced", "advertisement"), "pass"),
        Row(
            spec("sessions", "neighbour"),
            "fail",
            "expected the session with metallb-lab-worker to be Established,"
            " not Active",
            "vtysh -c 'show bgp neighbors 172.18.0.3' on router",
        ),
        Row(spec("paths", "route"), "needs", "needs sessions"),
        Row(
            spec("ecmp", "forwarding"),
            "cannot-check",
            "client did not answer within 20 s; is it paused?",
        ),
        Row(spec("filter", "policy"), "grade", "only grade looks"),
    ),
)
