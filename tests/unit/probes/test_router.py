"""What the router probe makes of FRR's and the kernel's JSON."""

from __future__ import annotations

import json

import pytest

from graders.errors import CannotCheck
from graders.probes.router import Peer, Router
from tests.says import says

# As FRR 10.3 prints it, without what nobody reads.
SUMMARY = {
    "peers": {
        "172.18.1.3": {
            "remoteAs": 64500,
            "peerUptimeMsec": 6000,
            "pfxRcd": 1,
            "state": "Established",
            "connectionsDropped": 2,
        },
        "172.18.1.4": {"remoteAs": 64510, "state": "Active"},
    }
}
TABLE = {
    "routes": {
        "10.0.100.7/32": [
            {
                "valid": True,
                "bestpath": True,
                "nexthops": [{"ip": "172.18.1.3"}],
            },
            {"valid": True, "nexthops": [{"ip": "172.18.1.4"}]},
            {"nexthops": [{"ip": "172.18.1.5"}]},
        ]
    }
}
FIB = [
    {"dst": "default", "gateway": "172.18.0.1"},
    {"dst": "10.0.100.0/24", "protocol": "static", "gateway": "172.18.1.9"},
    {
        "dst": "10.0.100.7",
        "protocol": "bgp",
        "nexthops": [{"gateway": "172.18.1.3"}, {"gateway": "172.18.1.4"}],
    },
]


def _router(said: object) -> Router:
    text = said if isinstance(said, str) else json.dumps(said)
    return Router(says(text, "router"))


def test_peers() -> None:
    """A session that was never up has no age and no prefixes."""
    peers = _router(SUMMARY).peers()

    assert peers["172.18.1.3"] == Peer("Established", 64500, 1, 2, 6.0)
    assert peers["172.18.1.4"] == Peer("Active", 64510, 0, 0, 0.0)


def test_next_hops() -> None:
    """All valid paths; those in use are the best and its equals."""
    router = _router(TABLE)

    assert router.prefixes() == ["10.0.100.7/32"]
    assert router.next_hops("10.0.100.7/32") == {"172.18.1.3", "172.18.1.4"}
    assert router.multipath("10.0.100.7/32") == {"172.18.1.3"}
    assert router.next_hops("10.0.100.8/32") == frozenset()


def test_fib() -> None:
    """The most specific route counts; the default route does not."""
    route = _router(FIB).fib("10.0.100.7")

    assert route
    assert (route.prefix, route.protocol) == ("10.0.100.7/32", "bgp")
    assert route.next_hops == {"172.18.1.3", "172.18.1.4"}
    via = _router(FIB[:2]).fib("10.0.100.7")
    assert via
    assert (via.prefix, via.protocol) == ("10.0.100.0/24", "static")
    assert via.next_hops == {"172.18.1.9"}
    assert _router(FIB[:1]).fib("10.0.100.7") is None
    assert _router("").fib("10.0.100.7") is None


@pytest.mark.parametrize(
    "said", [{}, {"warning": "Default BGP instance not found"}]
)
def test_router_without_bgp(said: object) -> None:
    """A student who removes router bgp leaves no peers and no routes."""
    assert _router(said).peers() == {}
    assert _router(said).prefixes() == []


def test_silent_frr_is_cannot_check() -> None:
    """What is no JSON is not the student's failure."""
    with pytest.raises(CannotCheck, match="bgpd is not running"):
        _router("bgpd is not running").peers()
