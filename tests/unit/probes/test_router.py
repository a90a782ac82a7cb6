"""How the JSON of FRR and the kernel is read."""

from __future__ import annotations

import json
import math

import pytest

from graders.errors import CannotCheck, CheckFailed
from graders.probes.router import BgpSession, Router
from graders.providers.machine import MachineError, Output
from tests.fakes import FakeClock, machine, says

# As FRR 10.3 prints it, without unused fields.
NEIGHBOURS = {
    "172.18.1.3": {
        "bgpState": "Established",
        "localAs": 64501,
        "remoteAs": 64500,
        "bgpTimerHoldTimeMsecs": 9000,
        "bgpTimerUpMsec": 61000,
        "bgpInUpdateElapsedTimeMsecs": 4500,
        "addressFamilyInfo": {"ipv4Unicast": {"acceptedPrefixCounter": 1}},
    },
    "*172.18.1.4": {"bgpState": "Active", "localAs": 64501, "remoteAs": 64510},
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
            *("Established", 64501, 64500, 9, frozenset({"ipv4Unicast"})),
            *(61, 4.5, False, False),
        ),
        "172.18.1.4": BgpSession("Active", 64501, 64510, 0, frozenset()),
    }
    assert [peer.established for peer in sessions.values()] == [True, False]


@pytest.mark.parametrize(
    ("families", "filtered"),
    [
        ({"ipv4Unicast": {"routeMapForIncomingAdvertisements": "x"}}, True),
        ({"ipv4Unicast": {"incomingUpdatePrefixFilterList": "x"}}, True),
        ({"ipv4Unicast": {"inboundEbgpRequiresPolicy": "discarded"}}, True),
        ({"ipv4Unicast": {"routeMapForOutgoingAdvertisements": "x"}}, False),
        ({}, True),
    ],
)
def test_filters(
    families: dict[str, dict[str, str]], *, filtered: bool
) -> None:
    """Whatever decides what comes in is one, and a session may have none."""
    neighbour = NEIGHBOURS["172.18.1.3"] | {"addressFamilyInfo": families}

    (session,) = _router({"172.18.1.3": neighbour}).sessions().values()

    assert session.filtered == filtered


def test_names_of_filters() -> None:
    """They lead to what the filters let in."""
    family = {
        "routeMapForIncomingAdvertisements": "map",
        "incomingUpdatePrefixFilterList": "list",
        "incomingUpdateNetworkFilterList": "old",
    }
    families = {"ipv4Unicast": family}
    neighbour = NEIGHBOURS["172.18.1.3"] | {"addressFamilyInfo": families}

    (session,) = _router({"172.18.1.3": neighbour}).sessions().values()

    assert session.filters == {
        ("route-map", "map"),
        ("prefix-list", "list"),
        ("access-list", "old"),
    }


def test_next_hops() -> None:
    """All valid paths count."""
    router = _router(TABLE)

    assert router.prefixes() == ["10.0.100.7/32"]
    assert router.next_hops("10.0.100.7/32") == {"172.18.1.3", "172.18.1.4"}
    assert router.next_hops("10.0.100.8/32") == frozenset()
    assert router.next_hops("10.0.100.7/32", used=True) == {"172.18.1.3"}


def test_own_prefixes_are_not_accepted() -> None:
    """The router has a next hop of its own for what it announces itself."""
    own = {"valid": True, "nexthops": [{"ip": "0.0.0.0"}]}  # noqa: S104 - FRR's

    assert _router({"routes": {"192.0.2.0/24": [own]}}).prefixes() == []


def test_routes_of_frr() -> None:
    """What is not in use counts, too; some have no next hop."""
    entries = [
        {"protocol": "bgp", "nexthops": [{"ip": "172.18.1.3"}]},
        {"protocol": "static", "distance": 250, "nexthops": [{"fib": True}]},
    ]

    bgp, static = _router({"10.0.100.7/32": entries}).own_routes()

    assert str(bgp) == "10.0.100.7/32 via 172.18.1.3 proto bgp"
    assert (static.protocol, static.next_hops) == ("static", frozenset())


def test_kernel_routes() -> None:
    """The default route is one to everywhere."""
    default, _, host = _router(FIB).kernel_routes()

    assert (str(default.network), host.protocol) == ("0.0.0.0/0", "bgp")
    assert host.next_hops == {"172.18.1.3", "172.18.1.4"}


def test_next_hops_by_port() -> None:
    """There is a line for each port."""
    lines = "".join(
        f"10.0.100.7 from 10.1.0.10 via 172.18.1.{at} dev eth0 \\    cache \n"
        for at in (3, 4, 3)
    )

    hops = _router(lines).next_hops_by_port("10.1.0.10", "10.0.100.7", 3)

    assert hops == [f"172.18.1.{at}" for at in (3, 4, 3)]


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
    text = "% Unknown command: show bgp neighbors json\n"

    with pytest.raises(CannotCheck, match="FRR on the router does not answer"):
        _router(text).sessions()


@pytest.mark.parametrize(
    ("said", "code", "name"),
    [
        ("bgpd is not running\n", 1, "bgpd"),
        ("zebra is not running\n", 0, "zebra"),
        ("Exiting: failed to connect to any daemons.\n", 1, "bgpd"),
        ("sh: vtysh: not found\n", 127, "vtysh"),
        ("sh: vtysh: Permission denied\n", 126, "vtysh"),
    ],
)
def test_stopped_frr_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, said: str, code: int, name: str
) -> None:
    """Nothing but a person stops it for good."""
    monkeypatch.setattr("graders.polling.time", FakeClock())
    router = machine(lambda _: Output("vtysh", code, said, ""), "router")

    with pytest.raises(CheckFailed, match=f"^{name} is not running on the ro"):
        Router(router).sessions()


def test_restarted_frr_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its programs are gone for a moment."""
    monkeypatch.setattr("graders.polling.time", FakeClock())
    answers = iter(["bgpd is not running\n", json.dumps(NEIGHBOURS)])
    router = machine(lambda _: next(answers), "router")

    assert len(Router(router).sessions()) == len(NEIGHBOURS)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("      7\n", 7), ("", math.inf)],
)
def test_seconds_running(said: str, seconds: float) -> None:
    """It is infinite without such a program."""
    assert _router(said).seconds_running() == seconds


def test_frozen() -> None:
    """A frozen bgpd answers nothing, which is a person's deed."""

    def answer(argv: tuple[str, ...]) -> str:
        if argv[0] == "ps":
            return "Ss watchfrr\nTsl bgpd\n"
        raise MachineError("router did not answer", "slow", "wait")

    router = Router(machine(answer, "router"))

    with pytest.raises(CheckFailed, match="bgpd to run on the router, not to"):
        router.sessions()


def test_slow() -> None:
    """A machine on which nothing answers is not the student's failure."""

    def answer(argv: tuple[str, ...]) -> str:
        if argv[0] == "ps":
            return "Ss watchfrr\nSsl bgpd\n"
        raise MachineError("router did not answer", "slow", "wait")

    router = Router(machine(answer, "router"))

    with pytest.raises(CannotCheck, match="did not answer"):
        router.config()
