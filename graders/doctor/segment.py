"""Who else is on the LAN of hosts: DHCP servers, owners of the addresses.

The lab's DHCP server and MetalLB answer on a real segment. Before anything is
installed, each host on it requests a lease there, and the plan's addresses.
"""

from __future__ import annotations

from collections import defaultdict
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graders.doctor.findings import Finding
from graders.plan.networks import mac
from graders.providers.inventory import FABRIC_HOST

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from graders.doctor.facts import Answer, Facts
    from graders.plan.plan import Plan

SCRIPT: Final = Path(__file__).with_name("segment.pl")
# A DHCP server may look for 3 s whether an address is in use (dnsmasq).
_SECONDS: Final = 5
_DHCP: Final = "dhcp"
_SHOWN: Final = 3
_REMEDY: Final = (
    "give the lab a segment (VLAN, virtual network) where nothing else is: its"
    " own DHCP server and MetalLB answer there; see docs/hosts.md"
)


def is_on_lan(name: str, plan: Plan) -> bool:
    """Tell whether a host of the inventory is on the LAN."""
    machine = (plan.nodes | plan.machines).get(name)
    return name == FABRIC_HOST or bool(machine and machine.lan)


def command(plan: Plan) -> tuple[str, ...]:
    """Return the command on a host that takes the script as its input."""
    return ("perl", "-", "eth0", str(_SECONDS), *map(str, _addresses(plan)))


def check_segment(
    facts: Mapping[str, Facts], plan: Plan
) -> dict[str, list[Finding]]:
    """Return, by host, who answers there and is not of the lab.

    Each is reported once, by the first host that it answers.
    """
    ours = _members(facts, plan)
    known: set[Answer] = set()
    findings: dict[str, list[Finding]] = defaultdict(list)
    for name, one in facts.items():
        if not is_on_lan(name, plan):
            continue
        if "segment" not in one.values:
            findings[name].append(_unknown())
        answers = [
            answer
            for answer in one.answers
            if answer.mac not in ours and answer not in known
        ]
        known.update(answers)
        findings[name] += _findings(answers)
    return dict(findings)


def _addresses(plan: Plan) -> list[IPv4Address]:
    """Return what a lab uses on its LAN.

    The gateway is left out: a router of the segment may have it.
    """
    machines = (*plan.nodes.values(), *plan.machines.values())
    leased = range(int(plan.dhcp_first), int(plan.dhcp_last) + 1)
    return [
        *(one.lan for one in machines if one.lan),
        *map(IPv4Address, leased),
        *plan.service_range.hosts(),
    ]


def _members(facts: Mapping[str, Facts], plan: Plan) -> Collection[str]:
    """Return the MACs of all hosts, and of the machines inside one."""
    ours = {
        each
        for one in facts.values()
        for each in one.values.get("macs", "").split()
    }
    if FABRIC_HOST in facts:
        ours |= {mac(one.lan) for one in plan.machines.values() if one.lan}
    return ours


def _findings(answers: Collection[Answer]) -> list[Finding]:
    servers = [
        f"{one.address} ({one.mac})"
        for one in answers
        if one.protocol == _DHCP
    ]
    taken = [
        f"{one.address} ({one.mac})"
        for one in answers
        if one.protocol != _DHCP
    ]
    return [
        Finding(
            "segment",
            ok=False,
            observed=f"{what} {_some(found)}",
            requirement=requirement,
            remedy=_REMEDY,
            fatal=True,
        )
        for what, found, requirement in (
            ("DHCP server", servers, "no DHCP server but the lab's on eth0"),
            ("in use:", taken, "addresses of the plan that nobody else has"),
        )
        if found
    ]


def _some(found: list[str]) -> str:
    more = len(found) - _SHOWN
    return ", ".join(found[:_SHOWN]) + (
        f" and {more} more" if more > 0 else ""
    )


def _unknown() -> Finding:
    return Finding(
        "segment",
        ok=False,
        observed="no answer of perl",
        requirement="to be searched for DHCP servers and taken addresses",
        remedy="apt-get install perl-base, or make sure that nothing but the"
        " lab is on eth0; see docs/hosts.md",
    )
