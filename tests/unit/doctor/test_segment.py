"""Whoever answers on the LAN of hosts is of the lab, or stops it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graders.doctor.facts import Answer, Facts
from graders.doctor.segment import check_segment, command, is_on_lan
from graders.plan.networks import mac
from graders.plan.plan import make_plan

PLAN = make_plan()
OTHER = "02:00:00:00:00:99"
WORKER = "02:00:00:00:00:03"
GOOD = Facts({"segment": "asked", "macs": WORKER})


def _told(**facts: Facts) -> dict[str, list[str]]:
    by_host = {name.replace("_", "-"): one for name, one in facts.items()}
    found = check_segment(by_host, PLAN)
    assert all(one.remedy for each in found.values() for one in each)
    return {
        name: [f"{one.observed} | {one.requirement}" for one in each]
        for name, each in found.items()
        if each
    }


def _answers(*given: tuple[str, str, str]) -> Facts:
    return replace(GOOD, answers=tuple(Answer(*one) for one in given))


def test_nobody_answers() -> None:
    """An isolated segment is fine."""
    assert _told(worker=GOOD, desk=GOOD) == {}


def test_members_answer() -> None:
    """A lab that is there already answers itself."""
    address = PLAN.machines["dhcp"].lan
    assert address
    facts = _answers(
        ("dhcp", str(address), WORKER),
        ("arp", str(PLAN.pool_first), WORKER),
        ("arp", str(address), mac(address)),
    )

    assert _told(worker=facts, fabric_host=GOOD) == {}


def test_others_answer() -> None:
    """A DHCP server and owners of addresses are reported once each."""
    taken = [str(PLAN.pool_first + index) for index in range(5)]
    facts = _answers(
        ("dhcp", "192.0.2.1", OTHER), *(("arp", ip, OTHER) for ip in taken)
    )

    found = _told(worker=facts, desk=facts)

    assert list(found) == ["worker"]
    server, addresses = found["worker"]
    assert server.startswith(f"DHCP server 192.0.2.1 ({OTHER}) | no DHCP")
    assert addresses.startswith(f"in use: {taken[0]} ({OTHER}), {taken[1]}")
    assert " and 2 more | addresses of the plan" in addresses


def test_not_asked() -> None:
    """A host without perl is a warning, and one on the edge is not asked."""
    silent = Facts({"macs": WORKER})

    found = check_segment({"worker": silent, "client": silent}, PLAN)

    assert [(name, len(each)) for name, each in found.items()] == [
        ("worker", 1)
    ]
    assert not found["worker"][0].fatal


@pytest.mark.parametrize(
    ("name", "on_lan"),
    [("worker", True), ("client", False), ("fabric-host", True)],
)
def test_hosts_on_the_lan(name: str, *, on_lan: bool) -> None:
    """The client is on the edge alone."""
    assert is_on_lan(name, PLAN) is on_lan


def test_addresses() -> None:
    """All that the lab uses is asked for, but the segment's own gateway."""
    words = command(PLAN)

    assert words[:3] == ("perl", "-", "eth0")
    for address in (PLAN.pool_last, PLAN.dhcp_last, PLAN.nodes["worker"].lan):
        assert str(address) in words
    assert str(PLAN.lan_gateway) not in words
