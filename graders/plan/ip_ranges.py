"""Address ranges as MetalLB writes them, compared with the site's plan."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_network, summarize_address_range
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Network

    from graders.plan.plan import Plan


def networks(text: str) -> list[IPv4Network]:
    """Return what `a.b.c.d-e.f.g.h` or `a.b.c.d/n` covers.

    IPv6 ranges cover nothing here: no lab's plan has one.

    Example:
        networks("192.0.2.0-192.0.2.9")  # 192.0.2.0/29 and 192.0.2.8/31

    Raises:
        ValueError: it is neither.

    """
    if ":" in text:
        return []
    if "-" not in text:
        found = ip_network(text.strip(), strict=False)
        return [found] if found.version == 4 else []  # noqa: PLR2004 - IPv4
    first, last = (IPv4Address(end.strip()) for end in text.split("-"))
    return list(summarize_address_range(first, last))


def covered(text: str) -> list[IPv4Network]:
    """Return what a range covers, nothing if it is none.

    A Service may request any text, and pools do without MetalLB's webhook.

    Example:
        covered("192.0.2.9-192.0.2.0")  # []

    """
    try:
        return networks(text)
    except ValueError:
        return []


def holds(ranges: Iterable[str], address: str) -> bool:
    """Tell whether `address` is in one of `ranges`; no other text is.

    Example:
        holds(["192.0.2.0/29"], "192.0.2.7")  # True

    """
    try:
        wanted = IPv4Address(address)
    except ValueError:
        return False
    return any(wanted in net for text in ranges for net in covered(text))


def outside(ranges: Iterable[str], *limits: IPv4Network) -> list[str]:
    """Return those of `ranges` that reach beyond all of `limits`."""
    return [
        text
        for text in ranges
        if not all(
            any(net.subnet_of(limit) for limit in limits)
            for net in covered(text)
        )
    ]


def lacking(ranges: Iterable[str], *wanted: str) -> list[str]:
    """Return what of `wanted` is in none of `ranges`, as ranges again.

    Example:
        lacking(["192.0.2.0/30"], "192.0.2.0/29")  # 192.0.2.4-192.0.2.7

    """
    nets = [net for text in ranges for net in covered(text)]
    gone = [
        number
        for number in sorted(_numbers(wanted))
        if not any(IPv4Address(number) in net for net in nets)
    ]
    # In a row without a gap, numbers grow as their places do.
    rows = groupby(enumerate(gone), lambda one: one[1] - one[0])
    found = [[number for _, number in row] for _, row in rows]
    return [f"{IPv4Address(row[0])}-{IPv4Address(row[-1])}" for row in found]


def conflicts(ranges: Iterable[str], plan: Plan) -> list[str]:
    """Return who of the site's address plan also owns some of `ranges`."""
    taken = list(ranges)
    owners = {
        "the DHCP server": [f"{plan.dhcp_first}-{plan.dhcp_last}"],
        "nodes and other machines": [str(plan.node_range)],
        "the lab's machines": [
            f"{machine.lan}/32"
            for machine in plan.machines.values()
            if machine.lan
        ],
        "the gateway": [f"{plan.lan_gateway}/32"],
    }
    return [owner for owner, owned in owners.items() if _overlap(taken, owned)]


def _numbers(ranges: Iterable[str]) -> set[int]:
    """Return every address of `ranges`, as a number."""
    return {
        number
        for text in ranges
        for net in networks(text)
        for number in range(int(net[0]), int(net[-1]) + 1)
    }


def _overlap(left: list[str], right: list[str]) -> bool:
    """Tell whether any of `left` shares an address with any of `right`."""
    return any(
        one.overlaps(other)
        for a in left
        for one in covered(a)
        for b in right
        for other in covered(b)
    )
