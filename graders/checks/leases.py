"""Whether the DHCP server leases its own range: all of it, and no more."""

from __future__ import annotations

import random
from functools import partial
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

from graders.checks.check import expect
from graders.polling import until
from graders.probes.dhcp import ANY

if TYPE_CHECKING:
    from graders.checks.session import Session
    from graders.plan.plan import Plan
    from graders.probes.dhcp import LeaseAttempts

SEE_RANGES: Final = ("grep", "^dhcp-", "/etc/dnsmasq.conf")
# New devices that leave the choice to the server; each costs a lost server's
# whole patience, one after the other.
_ANYWHERE: Final = 2
# Addresses that nobody could have prepared for, inside and outside.
_INSIDE: Final = 2
_OUTSIDE: Final = 2


def own_wishes(lab: Session) -> list[str]:
    """Return addresses of the range that a new device must get by name.

    They are where ranges end, also one in two parts around the reserved
    VIPs, and some others each time; none is reserved, or leased already.
    """
    plan = lab.plan
    ends = (
        *(plan.dhcp_first, plan.ingress_first - 1),
        *(plan.ingress_last + 1, plan.dhcp_last),
    )
    reserved = {str(plan.ingress_first), str(plan.ingress_last)}
    taken = reserved | {lease.address for lease in lab.dhcp.leases()}
    whole = range(int(plan.dhcp_first), int(plan.dhcp_last) + 1)
    rest = {*map(IPv4Address, whole)} - {*ends}
    some = [one for one in sorted(rest) if str(one) not in taken]
    drawn = random.sample(some, min(_INSIDE, len(some)))
    return [str(one) for one in (*ends, *drawn) if str(one) not in taken]


def foreign_wishes(plan: Plan) -> list[str]:
    """Return the addresses beside the range, and others of the LAN."""
    first, last = plan.dhcp_first, plan.dhcp_last
    hosts = range(1, plan.lan.num_addresses - 1)
    drawn = [plan.lan[at] for at in random.sample(hosts, _OUTSIDE)]
    # Where a stray range would do most harm.
    kept = (plan.service_range, plan.node_range)
    drawn += [one[random.choice(range(1, 255))] for one in kept]  # noqa: S311 - no secret
    others = [one for one in drawn if not first <= one <= last]
    return [str(one) for one in (first - 1, last + 1, *others)]


def expect_own_range(lab: Session) -> None:
    """Fail unless a new device gets any free address of the range."""
    # The desk may just be leasing one of them, so others are drawn then.
    seen = until(
        "lease",
        lambda: lab.dhcp.tries(own_wishes(lab)),
        lambda seen: seen.given and not _refused(seen),
    )
    refused = _refused(seen)
    expect(
        f"new devices that ask for addresses of {_range(lab.plan)} to be"
        " leased",
        expected="these",
        actual=[
            f"{got or 'none'} for {wish}" for wish, got in refused.items()
        ],
        ok=bool(seen.given) and not refused,
        seen_by=f"dhcp-try {' '.join(refused)} on lan-client",
        evidence=lambda: lab.dhcp.server.run(*SEE_RANGES).text,
    )


def expect_no_other(lab: Session) -> None:
    """Fail if a new device gets an address of another's, or none at all.

    Only who asks for none must get one: several who are refused at the same
    time are all offered the same one, which the first of them takes.
    """
    wishes = [ANY] * _ANYWHERE + foreign_wishes(lab.plan)
    seen = until(
        "lease",
        partial(lab.dhcp.tries, wishes),
        lambda seen: len(_chosen(seen)) == _ANYWHERE,
    )
    first, last = lab.plan.dhcp_first, lab.plan.dhcp_last
    strange = [
        address
        for address in seen.leased
        if not first <= IPv4Address(address) <= last
    ]
    expect(
        "new devices, whatever they ask for, to be leased",
        expected=f"addresses of {_range(lab.plan)}",
        actual=strange or "none at all",
        ok=len(_chosen(seen)) == _ANYWHERE and not strange,
        seen_by=f"{seen.command} on lan-client",
        evidence=seen.text,
    )


def _chosen(seen: LeaseAttempts) -> list[str]:
    """Return what was leased to those who left the choice to the server."""
    return [got for wish, got in seen.given if wish == ANY and got]


def _refused(seen: LeaseAttempts) -> dict[str, str]:
    """Return what was leased instead, by the address that was asked for."""
    return {wish: got for wish, got in seen.given if got != wish}


def _range(plan: Plan) -> str:
    return f"{plan.dhcp_first}-{plan.dhcp_last}"
