"""How the JSON of FRR and the kernel is read."""

from __future__ import annotations

import json

import pytest

from graders.errors import CannotCheck
from graders.probes.router import BgpSession, Router
from tests.fakes import says

# As FRR 10.3 prints it, without unused fields.
NEIGHBOURS = {
    "172.18.1.3": {
        "bgpState": "Established",
        "localAs": 64501,
        "remoteAs": 64500,
        "bgpTimerHoldTimeMsecs": 9000,
        "addressFamilyInfo": {"ipv4Unicast": {"acceptedPrefixCounter": 1}},
    },
    "172.18.1.4": {"bgpState": "Active", "localAs": 64501, "remoteAs": 64510},
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


def test_sessions() -> None:
    """A session that was never up has no hold time and no families."""
    sessions = _router(NEIGHBOURS).sessions()

    assert sessions == {
        "172.18.1.3": BgpSession(
            "Established", 64501, 64500, 9, frozenset({"ipv4Unicast"})
        ),
        "172.18.1.4": BgpSession("Active", 64501, 64510, 0, frozenset()),
    }
    assert [peer.established for peer in sessions.values()] == [True, False]


def test_next_hops() -> None:
    """All valid paths count."""
    router = _router(TABLE)

    assert router.prefixes() == ["10.0.100.7/32"]
    assert router.next_hops("10.0.100.7/32") == {"172.18.1.3", "172.18.1.4"}
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
    "said",
    [
        {},
        {"bgpNoSuchInstance": True},
        {"warning": "Default BGP instance not found"},
        "% BGP instance not found\n",
    ],
)
def test_router_without_bgp(said: object) -> None:
    """Without router bgp there are no sessions and no routes."""
    assert _router(said).sessions() == {}
    assert _router(said).prefixes() == []


def test_silent_frr_is_cannot_check() -> None:
    """Without JSON, the student's work is not judged."""
    text = "Exiting: failed to connect to any daemons.\n"

    with pytest.raises(CannotCheck, match="FRR on the router does not answer"):
        _router(text).sessions()


def test_stopped_bgpd_is_cannot_check() -> None:
    """The error says what is stopped, and what to do."""
    with pytest.raises(
        CannotCheck, match=r"bgpd is not running on the router; `lab reset`"
    ):
        _router("bgpd is not running\n").sessions()
