"""Prefixes with which the router's filter is tried."""

from __future__ import annotations

from ipaddress import IPv4Network
from types import SimpleNamespace
from typing import Any

import pytest

from graders.checks.bgp_filter import (
    advertise,
    foreign_prefixes,
    permitted_communities,
)
from graders.errors import CheckFailed
from graders.plan.plan import make_plan
from tests.fakes import FakeClock

PLAN = make_plan()
RESERVED = [
    IPv4Network((str(PLAN.node_range[0]), 24)),
    IPv4Network("10.244.0.0/16"),
    IPv4Network("10.96.0.0/12"),
    PLAN.bgp_pool,
]


def session(ranges: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - a stand-in
    """Return a session whose pools have these ranges."""
    requests: list[str] = []

    def ask(verb: str, path: str, body: object = None) -> None:
        del path, body
        requests.append(verb)

    return SimpleNamespace(
        plan=PLAN,
        requests=requests,
        router=SimpleNamespace(next_hops=lambda _: frozenset()),
        cluster=SimpleNamespace(
            events=lambda *_: "",
            ranges=lambda: [*ranges],
            items=lambda _: [],
            bgp_reporters=lambda *_: frozenset(),
            ask=ask,
            vip=lambda *_: "",
        ),
    )


def test_prefixes_are_drawn() -> None:
    """They are on the LAN, next to the pool, private, anywhere, and free."""
    drawn = [foreign_prefixes(session(), "") for _ in range(40)]

    assert all(len(prefixes) == 4 for prefixes in drawn)
    assert any(one[3].is_global for one in drawn)
    assert len({str(prefix) for one in drawn for prefix in one}) > 40
    assert all(one[0].subnet_of(PLAN.lan) for one in drawn)
    for prefix in (prefix for one in drawn for prefix in one):
        assert not any(prefix.overlaps(net) for net in RESERVED)


@pytest.mark.parametrize(
    ("entry", "lengths"),
    [
        ("ip prefix-list x seq 5 permit 192.0.2.0/25", {25}),
        ("ip prefix-list x seq 5 permit 192.0.2.0/25 le 27", {25, 26, 27}),
        ("ip prefix-list x seq 5 permit 192.0.2.0/25 ge 31", {31, 32}),
        ("ip prefix-list x seq 5 permit 192.0.2.0/25 ge 26 le 27", {26, 27}),
        ("access-list x seq 5 permit 192.0.2.0/25", {*range(25, 33)}),
    ],
)
def test_what_the_router_permits_is_tried(
    entry: str, lengths: set[int]
) -> None:
    """An opening is found in its own lengths, however small it is."""
    space = IPv4Network("192.0.2.0/25")
    found = set()
    for _ in range(99):
        *_, prefix = foreign_prefixes(session(), entry)
        assert prefix.subnet_of(space)
        found.add(prefix.prefixlen)

    assert found == lengths


def test_what_is_agreed_or_taken_is_not_tried() -> None:
    """MetalLB refuses pools that overlap."""
    entries = [f"permit {PLAN.bgp_pool} le 32", "permit 192.0.2.0/24", "deny"]
    config = "\n".join(f"ip prefix-list x seq 5 {text}" for text in entries)

    assert len(foreign_prefixes(session(("192.0.2.7/32",)), config)) == 4


def test_a_list_that_permits_anything_is_tried() -> None:
    """What it forbids before does not matter."""
    drawn = [foreign_prefixes(session(), "access-list x permit any")[-1]]
    drawn += [
        foreign_prefixes(session(), "ip prefix-list x seq 5 permit any")[-1]
        for _ in range(40)
    ]

    assert all(24 <= one.prefixlen <= 32 for one in drawn)
    assert len({one.prefixlen for one in drawn}) > 3


def test_communities_that_the_router_permits() -> None:
    """A prefix comes with them, and another form of list has its own."""
    config = """\
bgp community-list standard ours seq 5 permit 64500:100 no-export
bgp community-list standard theirs seq 5 deny 64500:200
bgp large-community-list standard big seq 5 permit 64500:1:2
"""

    communities = permitted_communities(config)

    assert communities == ["64500:100", "large:64500:1:2"]
    assert len(foreign_prefixes(session(), config)) == 5
    assert permitted_communities("") == []


def test_the_last_prefix_has_the_communities(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Prefixes without communities must be refused, too."""
    monkeypatch.setattr("graders.polling.time", FakeClock())
    lab = session()
    asked: list[Any] = []
    lab.cluster.ask = lambda _verb, _path, body=None: asked.append(body)
    prefixes = [IPv4Network("192.0.2.1/32"), IPv4Network("192.0.2.2/32")]

    with (
        pytest.raises(CheckFailed, match="that is new"),
        advertise(lab, "lab-3", prefixes, ["64500:100"]),
    ):
        pass

    bodies = [one for one in asked if one]
    assert [
        one["spec"]["communities"]
        for one in bodies
        if one["kind"] == "BGPAdvertisement"
    ] == [[], ["64500:100"]]
    assert [
        one["spec"]["addresses"]
        for one in bodies
        if one["kind"] == "IPAddressPool"
    ] == [["192.0.2.1/32"], ["192.0.2.2/32"]]


def test_prefix_not_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A speaker that is stuck is refused, and the objects are removed."""
    monkeypatch.setattr("graders.polling.time", FakeClock())
    lab = session()
    prefixes = [IPv4Network("192.0.2.0/28"), IPv4Network("198.51.100.7/32")]

    with (
        pytest.raises(CheckFailed, match="that is new, to be announced by"),
        advertise(lab, "lab-3", prefixes),
    ):
        pass

    assert sorted(lab.requests) == ["DELETE"] * 6 + ["POST"] * 6
