"""Address ranges, compared with numbers that are counted one by one."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.plan.ip_ranges import conflicts, holds, lacking, networks, outside
from graders.plan.plan import make_plan

PLAN = make_plan()
NUMBERS = st.integers(0, 2**32 - 1)


@given(NUMBERS, st.integers(0, 2000), st.integers(-3, 2003))
def test_a_range_holds_its_addresses(start: int, size: int, at: int) -> None:
    """Both ends belong to a range, and what is beside them does not."""
    last, place = start + size, start + at
    if last >= 2**32 or not 0 <= place < 2**32:
        return
    text = f"{IPv4Address(start)}-{IPv4Address(last)}"

    assert holds([text], str(IPv4Address(place))) == (0 <= at <= size)


@given(NUMBERS, st.integers(0, 32))
def test_a_network_is_itself(number: int, bits: int) -> None:
    """With or without bits of a host, it is the network."""
    text = f"{IPv4Address(number)}/{bits}"

    assert networks(text) == [IPv4Network(text, strict=False)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (" 192.0.2.1 - 192.0.2.1 ", ["192.0.2.1/32"]),
        ("192.0.2.0-192.0.2.255", ["192.0.2.0/24"]),
        (" 192.0.2.0/24 ", ["192.0.2.0/24"]),
        ("fc00::/124", []),
        ("fc00::1-fc00::9", []),
    ],
)
def test_how_metallb_writes_ranges(text: str, found: list[str]) -> None:
    """Blanks are allowed; IPv6 covers nothing."""
    assert list(map(str, networks(text))) == found


@pytest.mark.parametrize(
    "text",
    ["", "pool", "192.0.2.9-192.0.2.1", "1-2-3", "192.0.2.0/33", "192.0.2.1-"],
)
def test_no_range(text: str) -> None:
    """What is neither a range nor a network is an error."""
    with pytest.raises(ValueError, match=r"."):
        networks(text)


def test_outside() -> None:
    """A range that only begins inside is outside."""
    limit = PLAN.service_range
    across = f"{limit[250]}-{limit[255] + 1}"
    ranges = [PLAN.pool, across, "192.0.2.0/24", "fc00::/124"]

    assert outside(ranges, limit) == [across, "192.0.2.0/24"]


@pytest.mark.parametrize("student", ["demo", "ada", "bo-1"])
def test_the_plan_has_no_conflicts(student: str) -> None:
    """No pool of a plan has an address of somebody else."""
    plan = make_plan(student)
    pools = [plan.pool, plan.small_pool, plan.private_pool]

    assert conflicts([*pools, str(plan.service_range)], plan) == []


@pytest.mark.parametrize(
    ("address", "owner"),
    [
        (PLAN.dhcp_first, "the DHCP server"),
        (PLAN.dhcp_last, "the DHCP server"),
        (PLAN.nodes["worker"].lan, "nodes and other machines"),
        (PLAN.machines["router"].lan, "the lab's machines"),
        (PLAN.lan_gateway, "the gateway"),
    ],
)
def test_conflicts(address: IPv4Address, owner: str) -> None:
    """One address is enough, and its owner is named."""
    assert conflicts([PLAN.pool, f"{address}-{address}"], PLAN) == [owner]


def test_all_conflicts_at_once() -> None:
    """A pool that is the whole LAN is in everybody's way."""
    assert len(conflicts(iter([str(PLAN.lan)]), PLAN)) == 4


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)))
def test_what_is_lacking_is_ranges(has: set[int], row: set[int]) -> None:
    """Each missing address is in one of them, and no other is."""
    wanted = [str(PLAN.pool_first + at) for at in row]
    there = [f"{PLAN.pool_first + at}/32" for at in has]

    found = lacking(there, *(f"{one}/32" for one in wanted))

    assert {
        at for at in range(41) if holds(found, str(PLAN.pool_first + at))
    } == row - has


def test_what_lacks_in_the_middle_parts_no_range_in_two() -> None:
    """A hole is one range, and a pool written in pieces has none."""
    first, last = PLAN.pool_first, PLAN.pool_last
    pieces = [f"{first}-{first + 9}", f"{first + 12}-{last}"]

    assert lacking(pieces, PLAN.pool) == [f"{first + 10}-{first + 11}"]
    assert lacking([*pieces, *lacking(pieces, PLAN.pool)], PLAN.pool) == []
