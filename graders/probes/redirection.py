"""What sends packets elsewhere, or answers in place of the system's programs.

Rules of iptables and nft, filters of tc, programs of XDP, addresses of other
network namespaces, programs that answer ARP, scripts that are called as a
program of the system.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

EVERYTHING: Final = IPv4Network("0.0.0.0/0")
# The devices of other namespaces are called so.
OTHER: Final = "other-"
# Also of namespaces without a name, which a process keeps.
ADDRESSES: Final = f"""\
ip -4 -o address show
seen="$(readlink /proc/self/ns/net) $(stat -L -c 'net:[%i]' /run/netns/*)"
{{
  for name in $(ip netns list | cut -d ' ' -f 1); do
    ip -n "$name" -4 -o address show
  done
  lsns -n -t net -o NS,PID | while read -r number pid; do
    case $seen in *"net:[$number]"*) continue ;; esac
    nsenter -t "$pid" -n ip -4 -o address show
  done
}} | sed 's/: /: {OTHER}/'"""
IPTABLES: Final = """\
{ iptables-save
  [ -z "$(cat /proc/net/ip_tables_names)" ] || iptables-legacy-save
} | grep -E -e '-j (DNAT|REDIRECT|NETMAP|TPROXY|TEE|SNAT|MASQUERADE)'"""
# Each rule after the family, table and chain that it is in; a name of a chain
# and what is quoted may be any word.
NFT: Final = """\
nft list ruleset | awk '
  /^table/ { table = $2 " " $3 }
  /^\\tchain/ { chain = $2; next }
  { words = $0; gsub(/"[^"]*"|(jump|goto) [^ ]+/, "", words) }
  { sub(/^\\t+/, "") }
  words ~ /[\\t ](dnat|redirect|tproxy|fwd|dup|snat)( |$)/ ||
  words ~ /[\\t ]masquerade( |$)|daddr set|addr (ip|ether) set/ {
    print table, chain, $0
  }'"""
# A default qdisc has no number, and nothing that redirects.
TRAFFIC: Final = """\
tc qdisc show | awk '$3 != "0:" { print $5 }' | sort -u | while read -r dev; do
  for way in '' ingress egress; do
    tc filter show dev "$dev" $way \\
      | grep -E 'mirred|pedit|skbmod|bpf| nat (ingress|egress) ' \\
      | sed "s/^/$dev $way /"
  done
done
ip -o link show | grep -E ' (prog/)?xdp'"""
# Linux names the protocol where it knows the number.
RESPONDERS: Final = r"ss -0Hnp | grep -E '(arp|\[2054\]):'"
# Scripts in place of programs, and what would list nothing if it is missing.
PROGRAMS: Final = """\
grep -v libarmmem /etc/ld.so.preload
grep -L -a -s -m 1 '^.ELF' /dev/null $(
  for name in arping curl ip nft ss tc; do command -v $name; done
) | grep -v -x /dev/null
for name in ip ss $(command -v iptables > /dev/null && echo iptables-save); do
  [ -x "$(command -v $name)" ] || echo "$name is missing"
done"""
# Where docker answers DNS: it translates requests that are for the gateway.
_DNS: Final = "127.0.0.11"
# Chains and tables of kube-proxy, docker and the network of pods.
_OWN: Final = re.compile("KUBE-|DOCKER|CNI-|KIND|kube|docker|cni|kindnet")
# Who has sockets for ARP on a node: MetalLB, and clients of DHCP.
_ANSWERING: Final = re.compile(
    r'\("(?!speaker|systemd-network|NetworkManager|dhc|udhcpc|busybox)'
)


def of_translation(words: Sequence[str]) -> IPv4Network | None:
    """Return what a rule of `iptables-save` translates.

    Rules of the cluster's own name no address. A rule of another chain that
    names none is for all that comes there.
    """
    network = after("-d", words) if "!" not in words else None
    return _translated(words[1], network, words)


def of_nft(words: Sequence[str]) -> IPv4Network | None:
    """Return the same of a rule of `nft`, after its family, table, chain."""
    place = " ".join(words[1:3])
    return _translated(place, after("daddr", words), words)


def _translated(
    place: str, network: IPv4Network | None, words: Sequence[str]
) -> IPv4Network | None:
    if words[-1].startswith(_DNS):
        return None
    return network or (None if _OWN.search(place) else EVERYTHING)


def of_responder(words: Sequence[str]) -> IPv4Network | None:
    """Return what a program answers for that has a socket for ARP."""
    return EVERYTHING if _ANSWERING.search(" ".join(words)) else None


def of_everything(_: Sequence[str]) -> IPv4Network:
    """Return all addresses."""
    return EVERYTHING


def after(word: str, words: Sequence[str]) -> IPv4Network | None:
    """Return the network that follows a word, None without one."""
    if word not in words[:-1]:
        return None
    return network_of(words[words.index(word) + 1])


def network_of(word: str) -> IPv4Network | None:
    """Return the network that a word is, None if it is none."""
    try:
        return IPv4Network(word, strict=False)
    except ValueError:
        return EVERYTHING if word == "default" else None
