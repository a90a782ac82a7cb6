"""Which settings of machines and nodes belong to the start state of a lab.

Each row is read when a lab has started, and compared after a reset. It names
the functions of restore.sh (ansible/roles/lab/files) that restore it; tests
hold the two together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from graders.settings import ANSIBLE

Normaliser: TypeAlias = Callable[[list[str]], Iterable[str]]

# Functions that list files, programs and processes; restore.sh has them, too.
_CONTENTS: Final = (ANSIBLE / "files/lib/contents.sh").read_text("utf-8")
# A line of cksum: checksum, size in bytes, path.
_OF_THIS_CLUSTER: Final = re.compile(
    r"^\d+ \d+ (/etc/kubernetes/(pki/|[^/]+\.conf$)|/etc/cni/net\.d/)"
)
_NOT_AGEING: Final = (
    "ip -4 neighbour show nud all"
    " | grep -E 'PERMANENT|NOARP|extern_learn|managed'"
    " | grep -v -i -E"
    " 'dev (lo|veth[^ ]*) "
    "|lladdr (01:00:5e|ff:ff:ff:ff:ff:ff|00:00:00:00:00:00)'"
    "; ip -4 neighbour show proxy"
)
# The kernel's own follow from addresses, which are the source there.
_OTHER_TABLES: Final = (
    "ip -4 -o route show table all | grep ' table ' | grep -v -E"
    " '(broadcast|local 127.0.0.0/8) .*proto kernel"
    "|local ([0-9.]+) .*proto kernel.* src \\2( |$)'"
    # What the desk leases comes and goes.
    ' | grep -v -F "local $(ip -o -4 address show label eth0:lease'
    " | sed 's,.* inet ,,; s,/.*,,') dev\""
)
# Tables and chains of iptables, kube-proxy, docker and the network of pods.
_NFT: Final = """\
command -v nft > /dev/null && nft list chains | awk '
  /^table/ { table = $2 " " $3; print "table", table }
  /^\tchain/ { print "chain", table, $2 }
' | grep -v -E -e 'KUBE-|DOCKER|CNI-|KIND|kube|kindnet|cni|docker' \\
  -e '^table (ip6?|arp|bridge) (filter|nat|mangle|raw|security)$' \\
  -e ' (PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)$'"""
# Chains that docker, kube-proxy and the network of pods write and keep, and
# rules of theirs in built-in chains.
_FOREIGN_CHAIN: Final = re.compile("KUBE-|DOCKER_|CNI-|KIND-|KINDNET")
_FOREIGN_RULE: Final = re.compile(
    rf"{_FOREIGN_CHAIN.pattern}|! -d 10\.244\.0\.0/16 -j MASQUERADE"
)
_PODS_ROUTE: Final = re.compile(r"10\.244\.")
# Interfaces that every network has once the kernel knows their kind.
_FALLBACK: Final = re.compile(
    "veth|(tunl0|gre0|gretap0|erspan0|sit0|ip6tnl0|ip6gre0|ip_vti0|ip6_vti0)@"
)
_LINK: Final = re.compile(r"^\d+: ([^:@]+)(?:[:@].*)?: <([^>]*)> mtu (\d+)")
_CARRIER: Final = frozenset({"LOWER_UP", "NO-CARRIER", "M-DOWN"})
_VOLATILE_SETTING: Final = re.compile("/veth|/route_localnet:")


def _steady(lines: Iterable[str]) -> Iterator[str]:
    """Drop numbers of interfaces, lifetimes of addresses, and pods' ends."""
    for line in lines:
        if "veth" not in line:
            yield re.sub(r"^\d+: ", "", line).split(" valid_lft")[0].rstrip()


def _routes(lines: list[str]) -> Iterator[str]:
    """Return all routes but those to pods, which nodes have of each other."""
    for line in _steady(lines):
        if not _PODS_ROUTE.match(line):
            yield line


def _links(lines: list[str]) -> Iterator[str]:
    """Return interfaces with their flags and MTU.

    A container has another MAC after each start.
    """
    for line in lines:
        found = _LINK.match(line)
        if found and not _FALLBACK.match(f"{found[1]}@"):
            flags = sorted({*found[2].split(",")} - _CARRIER)
            yield f"{found[1]} {','.join(flags)} mtu {found[3]}"


def _packet_filter(lines: list[str]) -> Iterator[str]:
    """Return the rules, chains and policies that differ from none at all.

    A table is listed from its first use on, so empty ones are left out.
    """
    table = ""
    for line in lines:
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith("-A ") and not _FOREIGN_RULE.search(line):
            yield f"{table} {line}"
        elif "is incompatible" in line:
            # Somebody wrote a rule with nft that iptables cannot list.
            yield line
        elif line.startswith(":"):
            chain, policy = [*line[1:].split(), "", ""][:2]
            if policy != "ACCEPT" and not _FOREIGN_CHAIN.search(chain):
                yield f"{table} {chain} {policy}"


def _qdiscs(lines: list[str]) -> Iterator[str]:
    """Return the qdiscs that are not an interface's default."""
    for line in lines:
        counted = re.sub(r"(refcnt|direct_packets_stat) \d+ ?", "", line)
        if counted.split()[2:3] != ["0:"] and "veth" not in line:
            yield counted.rstrip()


def _settings(lines: list[str]) -> Iterator[str]:
    """Return the kernel's settings, but for those that pods' ends have."""
    for line in lines:
        if not _VOLATILE_SETTING.search(line):
            yield line.removeprefix("/proc/sys/")


def _without_keys(lines: list[str]) -> Iterator[str]:
    """Drop checksums of files that each cluster has with other contents.

    They are its keys, and the range of a node's pods.
    """
    for line in lines:
        if not _OF_THIS_CLUSTER.match(line):
            yield line


@dataclass(frozen=True)
class Reading:
    """One kind of settings: how to read it, and what restores it."""

    name: str
    command: str
    """Run by sh on each machine and node; no output where it cannot be."""
    restored_by: tuple[str, ...]
    """Functions of restore.sh; without any, the machine is recreated."""
    only: tuple[str, ...] = ()
    """Roles that have it; all, if empty."""
    not_on: tuple[str, ...] = ()
    """Roles on which it changes by itself."""
    normalise: Normaliser = _steady

    def applies_to(self, role: str) -> bool:
        """Tell whether it is compared on a machine or node."""
        return role not in self.not_on and (not self.only or role in self.only)


READINGS: Final = (
    Reading("interfaces", "ip -o link show", ("links",), normalise=_links),
    Reading(
        "network namespaces",
        "[ -e /var/lib/lab-made/devices ] || ip netns list | cut -d ' ' -f 1"
        " | grep -v '^cni-'",
        ("namespaces",),
    ),
    Reading(
        "programs of XDP",
        "ip -o link show | grep -o -E '^[0-9]+: [^:@]+|xdp[a-z]*/id'"
        " | grep -B 1 xdp",
        ("xdp",),
    ),
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
        ("routes", "way_to_edge", "defaults"),
        normalise=_routes,
    ),
    Reading(
        "routes of BGP",
        "ip -4 -o route show proto bgp",
        ("routes",),
        not_on=("router",),
    ),
    Reading(
        "next hops",
        "ip nexthop show | grep -v -E 'proto (zebra|bgp|static)'",
        ("routes",),
    ),
    Reading(
        "policy routing",
        f"ip -4 rule show; {_OTHER_TABLES}",
        ("policy_routing",),
    ),
    Reading("neighbours", _NOT_AGEING, ("neighbours",)),
    Reading(
        "packet filter",
        "iptables-save; arptables-nft-save;"
        # Listing tables of the older kind would create them.
        ' [ -z "$(cat /proc/net/ip_tables_names)" ] || iptables-legacy-save',
        ("rules", "other_filters"),
        normalise=_packet_filter,
    ),
    Reading("tables of nft", _NFT, ("other_filters",)),
    Reading(
        "traffic control", "tc qdisc show", ("qdiscs",), normalise=_qdiscs
    ),
    Reading(
        "kernel settings",
        "grep -r -s -H '' /proc/sys/net/ipv4",
        ("kernel",),
        normalise=_settings,
    ),
    Reading(
        "files", f"{_CONTENTS}\nlisted", ("files",), normalise=_without_keys
    ),
    Reading("hosts file", f"{_CONTENTS}\nhosts_file", ("hosts",)),
    Reading("programs", f"{_CONTENTS}\nprograms", ("tools",)),
    Reading(
        "processes",
        f"{_CONTENTS}\norphans 2 | cut -d ' ' -f 2-"
        " | grep -v -x -F -f $MADE/processes | sort -u",
        ("processes",),
    ),
    Reading(
        "transient units",
        f"{_CONTENTS}\ntransient_units",
        ("services",),
        only=("control-plane", "worker", "worker2"),
    ),
    Reading(
        "services",
        "for unit in containerd kubelet; do"
        ' echo "$unit $(systemctl is-active $unit)"; done',
        ("services",),
        only=("control-plane", "worker", "worker2"),
    ),
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
