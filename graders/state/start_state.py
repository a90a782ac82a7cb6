"""Which settings of machines and nodes belong to the start state of a lab.

Each row is read when a lab has started, and compared after a reset. It names
the functions of restore.sh (ansible/roles/lab/files) that restore it; tests
hold the two together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from graders.plan.plan import Plan

Normaliser: TypeAlias = Callable[[list[str]], Iterable[str]]

# Settings of the kernel that faults change, and students may.
SYSCTLS: Final = (
    *("net.ipv4.ip_forward", "net.ipv4.fib_multipath_hash_policy"),
    *(
        f"net.ipv4.conf.{name}.{key}"
        for name in ("all", "default", "eth0")
        for key in ("rp_filter", "arp_ignore", "arp_announce")
    ),
)
# Rules of the built-in chains, but for those that docker, kube-proxy and the
# network of pods write and keep.
_RULE: Final = re.compile("-A (PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING) ")
_FOREIGN_RULE: Final = re.compile(
    r"KUBE-|DOCKER_|CNI-|KINDNET|! -d 10\.244\.0\.0/16 -j MASQUERADE"
)


def _steady(lines: Iterable[str]) -> Iterator[str]:
    """Drop numbers of interfaces, lifetimes of addresses, and pods' ends."""
    for line in lines:
        if "veth" not in line:
            yield re.sub(r"^\d+: ", "", line).split(" valid_lft")[0].rstrip()


def _packet_filter(lines: list[str]) -> Iterator[str]:
    """Return the rules and policies that differ from none at all.

    A table is listed from its first use on, so empty ones are left out.
    """
    table = ""
    for line in lines:
        if line.startswith("*"):
            table = line[1:]
        elif _RULE.match(line) and not _FOREIGN_RULE.search(line):
            yield f"{table} {line}"
        elif line.startswith(":"):
            chain, policy = line[1:].split()[:2]
            if policy not in {"-", "ACCEPT"}:
                yield f"{table} {chain} {policy}"


def _qdiscs(lines: list[str]) -> Iterator[str]:
    """Return the qdiscs that are not an interface's default."""
    for line in lines:
        counted = re.sub(r"(refcnt|direct_packets_stat) \d+ ?", "", line)
        if counted.split()[2:3] != ["0:"]:
            yield counted.rstrip()


@dataclass(frozen=True)
class Reading:
    """One kind of settings: how to read it, and what restores it."""

    name: str
    command: str
    """Run by sh on each machine and node; no output where it cannot be."""
    restored_by: tuple[str, ...]
    """Functions of restore.sh."""
    only: tuple[str, ...] = ()
    """Roles that have it; all, if empty."""
    not_on: tuple[str, ...] = ()
    """Roles on which it changes by itself."""
    nodes: bool = True
    normalise: Normaliser = _steady

    def applies_to(self, plan: Plan, role: str) -> bool:
        """Tell whether it is compared on a machine or node."""
        if role in plan.nodes and not self.nodes:
            return False
        return role not in self.not_on and (not self.only or role in self.only)


READINGS: Final = (
    Reading(
        "addresses",
        "ip -o -4 address show",
        ("addresses",),
        not_on=("desk",),  # it leases one
    ),
    Reading(
        "routes",
        # Routes of BGP come when their speakers do.
        "ip -4 -o route show | grep -v 'proto bgp'",
        ("routes", "way_to_edge"),
        nodes=False,  # they have routes to each other's pods
    ),
    Reading(
        "policy routing",
        "ip -4 rule show; ip -4 -o route show table all"
        " | grep ' table ' | grep -v -E 'proto (kernel|bgp)'",
        ("policy_routing",),
    ),
    Reading("neighbours", "ip -4 neigh show nud permanent", ("neighbours",)),
    Reading(
        "packet filter",
        "iptables-save",
        ("rules",),
        normalise=_packet_filter,
    ),
    Reading(
        "traffic control",
        "tc qdisc show dev eth0; tc qdisc show dev eth1",
        ("qdiscs",),
        normalise=_qdiscs,
    ),
    Reading("kernel settings", f"sysctl {' '.join(SYSCTLS)}", ("kernel",)),
    Reading(
        "configuration",
        "vtysh -c 'show run' || cat /etc/dnsmasq.conf",
        ("frr", "dhcp"),
        only=("router", "dhcp"),
    ),
    Reading(
        "leases",
        # Without the time at which a lease ends, and the client's id.
        "cut -d' ' -f2-4 /lab/dnsmasq.leases",
        ("dhcp",),
        only=("dhcp",),
    ),
)
