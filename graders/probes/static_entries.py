"""Static entries of a machine's kernel: addresses, neighbours, routes ...

Neighbour entries that age, and what the kernel derives from the addresses of
an interface, are left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from graders.errors import parsing
from graders.probes.redirection import (
    ADDRESSES,
    EVERYTHING,
    IPTABLES,
    NFT,
    PROGRAMS,
    RESPONDERS,
    TRAFFIC,
    after,
    network_of,
    of_everything,
    of_nft,
    of_responder,
    of_translation,
)
from graders.providers.machine import run_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from graders.providers.machine import Machine

Kind: TypeAlias = Literal[
    "address",
    "neighbour",
    "proxy",
    "route",
    "rule",
    "translation",
    "nft",
    "traffic",
    "responder",
    "program",
    "setting",
]

# The command of each kind that a student can type, too.
COMMANDS: Final[dict[Kind, str]] = {
    "address": "ip -4 -o address show",
    "neighbour": "ip -4 neighbour show nud all",
    "proxy": "ip -4 neighbour show proxy",
    "route": "ip -4 -o route show table all",
    "rule": "ip -4 rule show",
    "translation": "iptables-save",
    "nft": "nft list ruleset",
    "traffic": "tc filter show dev eth0 ingress; ip -o link show",
    "responder": "ss -0np",
    "program": "cat /etc/ld.so.preload; type curl arping ip ss",
    "setting": "sysctl net.ipv4.conf.all.arp_ignore"
    " net.ipv4.conf.eth0.arp_ignore net.ipv4.conf.all.proxy_arp"
    " net.ipv4.conf.eth0.proxy_arp net.ipv4.conf.all.proxy_arp_pvlan"
    " net.ipv4.conf.eth0.proxy_arp_pvlan",
}
# How the kit reads those that take more than that.
_SCRIPTS: Final[dict[Kind, str]] = {
    "address": ADDRESSES,
    "translation": IPTABLES,
    "nft": NFT,
    "traffic": TRAFFIC,
    "responder": RESPONDERS,
    "program": PROGRAMS,
}
# A state or flag of neighbour entries that the kernel neither checks nor
# forgets. It writes NOARP entries itself for lo and for broadcasts.
_DOES_NOT_AGE: Final = frozenset({"PERMANENT", "NOARP", "extern_learn"})
_BROADCAST: Final = "ff:ff:ff:ff:ff:ff"
_ROUTE_TYPES: Final = frozenset(
    {"unicast", "local", "blackhole", "unreachable", "prohibit", "throw"}
)
# Those of other types deliver nothing.
_OTHER_TYPES: Final = frozenset({"broadcast", "multicast", "anycast", "nat"})
# Numbers of interfaces, lifetimes of addresses, and marks of line breaks.
_NOISE: Final = re.compile(r"^\d+:\s|valid_lft .*|\\")
_ANSWERING: Final = frozenset({"address", "proxy", "responder", "setting"})
# What replaces the source of packets, in rules of iptables and nft.
_SOURCE_NAT: Final = re.compile(r"\b(SNAT|MASQUERADE|snat|masquerade)\b")
# The device on which kube-proxy keeps every VIP in mode IPVS.
_IPVS: Final = "kube-ipvs0"


@dataclass(frozen=True)
class StaticEntry:
    """One line of the kernel's tables, and the addresses that it is for."""

    kind: Kind
    network: IPv4Network
    text: str

    def value(self, word: str) -> str:
        """Return what follows a word, "" without it."""
        _, found, rest = f" {self.text} ".partition(f" {word} ")
        return rest.split()[0] if found and rest.strip() else ""

    def operand(self, *words: str) -> str:
        """Return what a rule requires by one of some words, "" for anything.

        What it excludes is not followed further.
        """
        for word in words:
            value = self.value(word)
            if value not in {"", "!="} and f"! {word} " not in self.text:
                return value
        return ""

    @property
    def hides_source(self) -> bool:
        """It is a rule that replaces the source of packets."""
        return bool(_SOURCE_NAT.search(self.text))

    @property
    def device(self) -> str:
        """The interface of an address, neighbour or route."""
        if self.kind == "address":
            return self.text.split()[0]
        return self.value("dev")

    @property
    def is_local(self) -> bool:
        """It is a route that delivers packets to the machine itself."""
        return self.kind == "route" and self.text.startswith("local ")

    @property
    def leads_on(self) -> bool:
        """It is a route by another machine, or through a tunnel."""
        return bool(self.value("via") or self.value("encap"))

    @property
    def answers_arp(self) -> bool:
        """It makes the machine answer ARP."""
        return self.is_local or self.kind in _ANSWERING


@dataclass(frozen=True)
class _Derived:
    """What the kernel makes of its addresses, by interface."""

    ends: set[tuple[str, IPv4Network]]
    networks: set[tuple[str, IPv4Network]]

    def has(self, entry: StaticEntry) -> bool:
        """Tell whether the kernel made an entry because of an address.

        `proto kernel` alone does not say so: a person can write it, too. A
        person may repeat the route of an interface's network, as each table
        of policy routing has it: it leads where the kernel's leads.
        """
        if entry.kind == "neighbour":
            return entry.device == "lo"
        if entry.is_local and entry.network.is_loopback:
            return True
        if entry.kind != "route":
            return False
        place = (entry.device, entry.network)
        if entry.is_local:
            return entry.value("proto") == "kernel" and place in self.ends
        return place in self.networks and not entry.leads_on


@parsing("a machine's addresses and routes", "`lab reset` restores them")
def static_entries(machine: Machine) -> list[StaticEntry]:
    """Return a machine's addresses and static entries of every kind.

    With strictARP, what kube-proxy keeps in mode IPVS answers no ARP, and is
    left out.

    Raises:
        CannotCheck: the machine does not answer.

    """
    scripts = COMMANDS | _SCRIPTS
    parts = run_each(machine, (scripts[kind] for kind in COMMANDS))
    lines = {
        kind: [
            " ".join(_NOISE.sub(" ", line).split())
            for line in part.splitlines()
        ]
        for kind, part in zip(COMMANDS, parts, strict=True)
    }
    entries = [
        entry
        for kind, texts in lines.items()
        for text in texts
        if text
        for entry in _parse(kind, text)
    ]
    own = defaultdict[str, set[IPv4Interface]](set)
    for entry in entries:
        if entry.kind == "address":
            own[entry.device].add(IPv4Interface(entry.value("inet")))
    derived = _Derived(
        {(dev, IPv4Network(end.ip)) for dev in own for end in own[dev]},
        {(dev, end.network) for dev in own for end in own[dev]},
    )
    quiet = any(
        ".arp_ignore" in text and not text.endswith(" 0")
        for text in lines["setting"]
    )
    return [
        entry
        for entry in entries
        if not derived.has(entry) and not (quiet and entry.device == _IPVS)
    ]


def _parse(kind: Kind, text: str) -> Iterator[StaticEntry]:
    """Yield the entry of one line, if it stays and is for some addresses."""
    network = _NETWORKS[kind](text.split())
    if network is not None:
        yield StaticEntry(kind, network, text)


def _of_address(words: Sequence[str]) -> IPv4Network | None:
    return network_of(words[2].partition("/")[0])


def _of_neighbour(words: Sequence[str]) -> IPv4Network | None:
    stays = _DOES_NOT_AGE & {*words} and _BROADCAST not in words
    return network_of(words[0]) if stays else None


def _of_proxy(words: Sequence[str]) -> IPv4Network | None:
    return network_of(words[0])


def _of_route(words: Sequence[str]) -> IPv4Network | None:
    if words[0] in _OTHER_TYPES:
        return None
    return network_of(words[1] if words[0] in _ROUTE_TYPES else words[0])


def _of_rule(words: Sequence[str]) -> IPv4Network | None:
    return after("to", words)


def _of_setting(words: Sequence[str]) -> IPv4Network | None:
    answers = ".proxy_arp" in words[0] and words[-1] != "0"
    return EVERYTHING if answers else None


# What an entry of each kind is for, given the words of its line.
_NETWORKS: Final[dict[Kind, Callable[[Sequence[str]], IPv4Network | None]]] = {
    "address": _of_address,
    "neighbour": _of_neighbour,
    "proxy": _of_proxy,
    "route": _of_route,
    "rule": _of_rule,
    "translation": of_translation,
    "nft": of_nft,
    "traffic": of_everything,
    "responder": of_responder,
    "program": of_everything,
    "setting": _of_setting,
}
