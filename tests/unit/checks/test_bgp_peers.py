"""BGPPeers: whom they select, and what cannot become a session."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from graders.checks.bgp_peers import (
    bgp_peers,
    cannot_connect,
    expect_one_peer,
    peer_password,
    until_redialled,
)
from graders.checks.check import CheckFailed
from graders.plan.plan import make_plan
from graders.probes.router import BgpSession

PLAN = make_plan()
CONTROL_PLANE, WORKER, WORKER2 = PLAN.node_names()
ROUTER = str(PLAN.machines["router"].lan)
RIGHT = {
    "peerAddress": ROUTER,
    "peerASN": PLAN.router_asn,
    "myASN": PLAN.cluster_asn,
}


def lab(*specs: dict[str, Any], config: str = "") -> Any:  # noqa: ANN401 - a stand-in
    """Return a session with these BGPPeers."""
    nodes = [
        {"metadata": {"name": name, "labels": {"name": name}}}
        for name in PLAN.node_names()
    ]
    peers = [
        {"metadata": {"name": f"peer-{at}"}, "spec": spec}
        for at, spec in enumerate(specs)
    ]
    secret = {"data": {"password": "b3JjaGlk"}}
    return SimpleNamespace(
        plan=PLAN,
        router=SimpleNamespace(config=lambda: config),
        cluster=SimpleNamespace(
            items=lambda path: peers if "bgppeers" in path else nodes,
            get=lambda path: secret if path.endswith("/tor") else None,
        ),
    )


def only(*names: str) -> dict[str, Any]:
    """Return a right BGPPeer for some nodes."""
    selectors = [{"matchLabels": {"name": name}} for name in names]
    return RIGHT | {"nodeSelectors": selectors}


def sessions(state: str, remote_as: int = PLAN.cluster_asn) -> Any:  # noqa: ANN401 - a stand-in
    """Return the router's sessions with all nodes."""
    return {
        str(node.lan): BgpSession(
            state, PLAN.router_asn, remote_as, 9, frozenset()
        )
        for node in PLAN.nodes.values()
    }


def test_bgp_peers() -> None:
    """Without selectors a BGPPeer is for every node; one of them is enough."""
    found = bgp_peers(lab(RIGHT, only(WORKER, WORKER2)))

    assert [len(found[name]) for name in PLAN.node_names()] == [1, 2, 2]


def test_peer_password() -> None:
    """It is in the BGPPeer, or in a Secret, which may not be there."""
    passwords = [
        peer_password(lab(), {"spec": spec})
        for spec in (
            {"password": "oak"},
            {"passwordSecret": {"name": "tor"}},
            {"passwordSecret": {"name": "gone"}},
            {},
        )
    ]

    assert passwords == ["oak", "orchid", "", ""]


def test_expect_one_peer() -> None:
    """One for each node is as good as one for all of them."""
    expect_one_peer(lab(RIGHT))
    expect_one_peer(lab(*(only(name) for name in PLAN.node_names())))

    with pytest.raises(
        CheckFailed, match=f"select {WORKER2} .*, not peer-0, "
    ):
        expect_one_peer(lab(RIGHT, only(WORKER2)))
    with pytest.raises(CheckFailed, match=f"{CONTROL_PLANE} .*, not nothing"):
        expect_one_peer(lab(only(WORKER, WORKER2)))


@pytest.mark.parametrize(
    "spec",
    [
        {"peerASN": 64999},
        {"myASN": 64999},
        {"localASN": 64999},
        {"peerPort": 1179},
        {"peerAddress": "192.0.2.1"},
        {"password": "oaks"},
        only(WORKER, WORKER2),
    ],
)
def test_what_cannot_connect(spec: dict[str, Any]) -> None:
    """The two sides differ, or a node has no BGPPeer."""
    address = PLAN.nodes["control-plane"].lan
    config = (
        f" neighbor {address} password {'oak' if 'password' in spec else ''}"
    )

    assert cannot_connect(lab(RIGHT | spec, config=config), sessions("Active"))
    assert cannot_connect(lab(RIGHT | spec, config=config), {})


@pytest.mark.parametrize(
    ("specs", "state", "remote_as"),
    [
        ([RIGHT], "Active", PLAN.cluster_asn),
        # The router does not say which AS it expects, or asks a range of
        # neighbours for a password.
        ([RIGHT | {"myASN": 64999}], "Active", 0),
        ([RIGHT | {"password": "oak"}], "Active", PLAN.cluster_asn),
        # One of them is enough, and a session that is up needs none.
        ([RIGHT, RIGHT | {"peerASN": 64999}], "Active", PLAN.cluster_asn),
        ([], "Established", PLAN.cluster_asn),
    ],
)
def test_what_may_connect(
    specs: list[dict[str, Any]], state: str, remote_as: int
) -> None:
    """What is not certain is waited for."""
    assert not cannot_connect(lab(*specs), sessions(state, remote_as))


@pytest.mark.parametrize(
    ("running", "left"), [(2, 15), (17, 0), (60, 0), (math.inf, 0)]
)
def test_frr_that_was_just_started(running: float, left: float) -> None:
    """Speakers that found it stopped dial until then."""
    given = lab(RIGHT)
    given.router.seconds_running = lambda: running

    assert until_redialled(given) == left
