"""Commands that make a machine's settings what they are at another one.

Each function takes the lines of a setting (see graders/state/start_state.py)
that are gone since the start of the lab, and those that are new, and yields
commands for sh. What no command can repeat is a comment.
"""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Commands: TypeAlias = Callable[
        [Sequence[str], Sequence[str]], Iterator[str]
    ]

_ADDRESS: Final = re.compile(
    r"^(?P<device>\S+)\s+inet (?P<address>\S+)(?P<broadcast> brd \S+)?.* scope"
    r" \S+ (?:secondary )?(?P<label>[^\s\\]+)"
)
_LINK: Final = re.compile(r"^(\S+) (\S*) mtu (\d+)")
_NEIGHBOUR: Final = re.compile(
    r"^(\S+) dev (\S+)(?: lladdr (\S+))?.* (PERMANENT|NOARP|proxy)"
)
_RULE: Final = re.compile(r"^(\d+):\s+(.*)")
# Words that `ip route` prints and does not take.
_STATES: Final = re.compile(
    r" (linkdown|dead|(rt_)?(offload|trap)|pervasive)\b"
)
# Routes of FRR follow from its configuration.
_OF_FRR: Final = re.compile(r" nhid | proto (bgp|zebra|ospf|19\d) ")
_CHAIN: Final = re.compile(r"^(\S+ (?!-A)\S+) (\S+)")
# The kernel's own for addresses, such as the one that the desk leases.
_OF_ADDRESS: Final = re.compile(
    r"(local|broadcast) \S+ dev (?!lo )\S+ table local proto kernel "
)
_QDISC: Final = re.compile(
    r"qdisc (\S+) \S+ dev (\S+) (root|parent \S+|ingress)(.*)"
)
_OF_NO_PLACE: Final = frozenset({"clsact", "ingress"})
_FIRST: Final = "net/ipv4/ip_forward:"


def interfaces(gone: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Set flags and MTUs."""
    before, after = (
        {found[1]: found for found in map(_LINK.match, lines) if found}
        for lines in (gone, new)
    )
    for name in sorted(before.keys() - after.keys()):
        yield f"ip link delete {quote(name)}"
    for name in sorted(after.keys() - before.keys()):
        yield f"# interface {name} was added"
    for name in sorted(after.keys() & before.keys()):
        old, now = before[name], after[name]
        flags = [{*found[2].split(",")} for found in (old, now)]
        device = f"ip link set dev {quote(name)}"
        for flag, word in (("NOARP", "arp"), ("PROMISC", "promisc")):
            if flag in flags[0] ^ flags[1]:
                on = (flag in flags[1]) == (word == "promisc")
                yield f"{device} {word} {'on' if on else 'off'}"
        if old[3] != now[3]:
            yield f"{device} mtu {now[3]}"
        if "UP" in flags[0] ^ flags[1]:
            yield f"{device} {'up' if 'UP' in flags[1] else 'down'}"


def addresses(gone: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Remove and add IPv4 addresses."""
    for found in filter(None, map(_ADDRESS.match, gone)):
        yield f"ip address delete {found['address']} dev {found['device']}"
    for found in filter(None, map(_ADDRESS.match, new)):
        yield (
            f"ip address replace {found['address']}{found['broadcast'] or ''}"
            f" dev {found['device']} label {found['label']}"
        )


def routes(gone: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Remove and add routes of any table."""
    for verb, lines in (("delete", gone), ("replace", new)):
        for line in lines:
            if not (_OF_FRR.search(f"{line} ") or _OF_ADDRESS.match(line)):
                # One line shows several next hops with backslashes.
                route = _STATES.sub("", line).replace("\\", " ")
                yield f"ip route {verb} {' '.join(map(quote, route.split()))}"


def policy_routing(gone: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Remove and add rules, and routes of other tables."""
    for verb, lines in (("delete", gone), ("add", new)):
        for line in lines:
            if rule := _RULE.fullmatch(line):
                words = " ".join(map(quote, _typed_rule(rule[2]).split()))
                yield f"ip rule {verb} preference {rule[1]} {words}"
    tables = [
        [line for line in lines if not _RULE.fullmatch(line)]
        for lines in (gone, new)
    ]
    yield from routes(*tables)


def _typed_rule(shown: str) -> str:
    """Return a rule as `ip rule` reads it.

    It shows another word for tables of VRFs, and a mark at interfaces that
    are gone.
    """
    return shown.replace("lookup [l3mdev-table]", "l3mdev").replace(
        " [detached]", ""
    )


def neighbours(gone: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Remove and add static entries, and those of proxy ARP."""
    for found in filter(None, map(_NEIGHBOUR.match, gone)):
        proxy = "proxy " if found[4] == "proxy" else ""
        yield f"ip neighbour delete {proxy}{found[1]} dev {found[2]}"
    for found in filter(None, map(_NEIGHBOUR.match, new)):
        if found[4] == "proxy":
            yield f"ip neighbour add proxy {found[1]} dev {found[2]}"
        elif found[3]:
            yield (
                f"ip neighbour replace {found[1]} dev {found[2]} lladdr"
                f" {found[3]} nud {found[4].lower()}"
            )


def packet_filter(
    gone: Sequence[str], new: Sequence[str], of_arp: Sequence[str] = ()
) -> Iterator[str]:
    """Remove and add rules, chains and policies.

    The new ones are in the order of the tables; `of_arp` are all rules of
    arptables.
    """
    for line in gone:
        table, verb, rule = [*line.split(" ", 2), "", ""][:3]
        if verb == "-A":
            yield (
                "for tool in iptables arptables-nft iptables-legacy; do"
                f" $tool -t {table} -D {rule} 2> /dev/null && break; done"
            )
    yield from _chains(gone, new)
    for line in new:
        table, verb, rule = [*line.split(" ", 2), "", ""][:3]
        if verb == "-A":
            tool = "arptables-nft" if line in of_arp else "iptables"
            yield f"{tool} -t {table} -A {rule}"


def _chains(gone: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    before, after = (
        {found[1]: found[2] for found in map(_CHAIN.fullmatch, lines) if found}
        for lines in (gone, new)
    )
    for place in sorted(before.keys() - after.keys()):
        table, _, chain = place.partition(" ")
        action = "-X {}" if before[place] == "-" else "-P {} ACCEPT"
        yield f"iptables -t {table} {action.format(chain)}"
    for place, policy in after.items():
        table, _, chain = place.partition(" ")
        action = f"-N {chain}" if policy == "-" else f"-P {chain} {policy}"
        yield f"iptables -t {table} {action}"


def kernel_settings(gone: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Set what has another value; forwarding first, which sets others."""
    known = {line.partition(":")[0] for line in gone}
    for line in sorted(new, key=lambda it: (not it.startswith(_FIRST), it)):
        name, _, value = line.partition(":")
        # An interface that is new has its settings already.
        if name in known:
            yield f"echo {quote(value)} > {quote(f'/proc/sys/{name}')}"


def traffic_control(gone: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Remove and add queueing disciplines."""
    for found in filter(None, map(_QDISC.match, gone)):
        kind, place = found[1], found[3]
        where = kind if kind in _OF_NO_PLACE else place
        yield f"tc qdisc delete dev {quote(found[2])} {where}"
    for found in filter(None, map(_QDISC.match, new)):
        kind, place = found[1], found[3]
        where = kind if kind in _OF_NO_PLACE else f"{place} {kind}"
        # It prints packets as 10p, and takes 10.
        words = [re.sub(r"^(\d+)p$", r"\1", it) for it in found[4].split()]
        options = "".join(f" {quote(word)}" for word in words)
        yield f"tc qdisc replace dev {quote(found[2])} {where}{options}"


def xdp(gone: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Remove programs from interfaces."""
    before, after = (
        [one for one in lines if one != "--" and not one.startswith("xdp")]
        for lines in (gone, new)
    )
    yield from (f"ip link set dev {quote(name)} xdp off" for name in before)
    yield from (f"# a program of XDP was added to {name}" for name in after)


def namespaces(gone: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Remove network namespaces."""
    yield from (f"ip netns delete {quote(name)}" for name in gone)
    yield from (f"# network namespace {name} was added" for name in new)


def processes(gone: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """End processes, and restart daemons of the lab."""
    for line in gone:
        exact = re.sub(r"([][.*^$+?(){}|\\])", r"\\\1", line.strip())
        yield f"pkill -x -f -- {quote(exact)}"
    if any("/usr/lib/frr/" in line for line in new):
        yield FRR_RESTART
    for line in new:
        if "/usr/lib/frr/" not in line:
            yield f"# was started: {line.strip()}"


FRR_RESTART: Final = "/usr/lib/frr/frrinit.sh restart"

# In the order in which a machine is changed.
COMMANDS: Final[dict[str, Commands]] = {
    "kernel settings": kernel_settings,
    "interfaces": interfaces,
    "addresses": addresses,
    "neighbours": neighbours,
    "routes": routes,
    "policy routing": policy_routing,
    "packet filter": packet_filter,
    "traffic control": traffic_control,
    "programs of XDP": xdp,
    "network namespaces": namespaces,
    "processes": processes,
}
