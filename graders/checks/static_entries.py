"""Static entries for VIPs: what a machine has in MetalLB's or BGP's place.

An address on an interface, a neighbour entry that does not age, a route, a
routing rule or an address translation makes a VIP work, and keeps sending to
a node that has failed. Each is looked for on every machine and node.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Final

from graders.checks.allocations import expect_only_allocated
from graders.checks.check import expect
from graders.checks.parallel import run_parallel
from graders.plan.ip_ranges import covered
from graders.polling import until
from graders.probes.redirection import OTHER, network_of
from graders.probes.static_entries import COMMANDS, static_entries
from graders.state.lab_state import read_baseline

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from graders.checks.session import Session
    from graders.plan.plan import Plan
    from graders.probes.static_entries import Kind, StaticEntry

# What an entry is called.
_KINDS: Final[dict[Kind, str]] = {
    "address": "{} to be on an interface of",
    "neighbour": "a fixed neighbour entry for {} to be on",
    "proxy": "a proxy neighbour entry for {} to be on",
    "route": "a static route to {} to be on",
    "rule": "a routing rule for {} to be on",
    "translation": "a translation of {} to be on",
    "nft": "a translation of {} to be on",
    "traffic": "a filter that redirects packets for {} to be on",
    "responder": "a program that answers ARP for {} to be on",
    "program": "a program that is not the system's, or is missing, to be on",
    "setting": "a kernel setting that answers ARP for {} to be on",
}
_ANSWERS: Final = "the machine answers, and still does when the VIP moves"
_HIDES: Final = "nodes no longer see who calls"
_LIES: Final = "what it lists of the machine may not be so"
_LEADS: Final = "it helps that machine alone, and stays when the node fails"
_MAIN_TABLES: Final = frozenset({"", "main", "local", "default"})


def expect_no_static_entries(lab: Session, vips: Iterable[str]) -> None:
    """Fail if a machine has a static entry for a VIP or an address of a pool.

    A neighbour entry is refused whatever address of the lab's networks it is
    for: an entry for the gateway leads to a VIP, too, and an address that
    was a VIP belongs to another machine later. Nodes also have an entry for
    each address that a Service uses, so MetalLB has to have allocated it.

    Example:
        expect_no_static_entries(lab, [vip])

    Raises:
        CheckFailed: a machine, node or Service has one.
        CannotCheck: a machine or the API server does not answer.

    """
    targets = [*vips]
    ranges = [*targets, *lab.cluster.ranges()]
    networks = (str(lab.plan.lan), str(lab.plan.edge))
    found = find_static_entries(lab, ranges, neighbours=networks)
    _expect_none(_without_owners(lab, found), targets)
    expect_only_allocated(lab, ranges)


def _without_owners(
    lab: Session, found: list[tuple[str, StaticEntry]]
) -> list[tuple[str, StaticEntry]]:
    """Return the entries without neighbours that the lab started with.

    A host may have some of its owner's.
    """
    if not found:
        return []
    baseline = read_baseline(lab.plan) or {}
    recorded = {
        (role, " ".join(line.split()))
        for role, settings in baseline.items()
        for line in settings.get("neighbours", "").splitlines()
    }
    return [pair for pair in found if (pair[0], pair[1].text) not in recorded]


def expect_not_on_interface(lab: Session, vips: Iterable[str]) -> None:
    """Fail if a node answers ARP for a VIP without MetalLB.

    Its kernel does if it has the address on an interface.

    Example:
        expect_not_on_interface(lab, [vip])

    Raises:
        CheckFailed: a node has the address, or a proxy entry for it.
        CannotCheck: a node does not answer.

    """
    targets = [*vips]
    found = find_static_entries(lab, targets, lab.plan.nodes)
    answering = [(role, entry) for role, entry in found if entry.answers_arp]
    _expect_none(answering, targets)


def _expect_none(
    found: Sequence[tuple[str, StaticEntry]], vips: Iterable[str]
) -> None:
    """Fail with the first of the entries, if there are any."""
    if not found:
        return
    role, first = found[0]
    why = _ANSWERS if first.answers_arp else _LEADS
    why = _HIDES if first.hides_source else why
    why = _LIES if first.kind == "program" else why
    roles = {role for role, entry in found if entry.kind == first.kind}
    others = f" and {len(roles) - 1} more" if len(roles) > 1 else ""
    expect(
        _KINDS[first.kind].format(_target(first, vips)),
        expected="no machine",
        actual=f"{role}{others} ({first.text}): {why}",
        ok=False,
        seen_by=f"{COMMANDS[first.kind]} on {role}",
        evidence="\n".join(f"{at}: {entry.text}" for at, entry in found),
    )


def find_static_entries(
    lab: Session,
    ranges: Iterable[str],
    roles: Iterable[str] = (),
    neighbours: Iterable[str] = (),
) -> list[tuple[str, StaticEntry]]:
    """Return the static entries for addresses of `ranges`, with their roles.

    Without `roles`, of all machines and nodes. Neighbour entries may also be
    for addresses of the ranges `neighbours`.
    What the start state of every lab has is left out, and so are nodes' routes
    back to the edge network, and routes that the router has learnt by BGP.

    Example:
        find_static_entries(lab, [vip, lab.plan.bgp_pool])

    Raises:
        CannotCheck: a machine does not answer.

    """
    wanted = [net for text in ranges for net in covered(text)]
    more = [net for text in neighbours for net in covered(text)]
    by_kind: dict[Kind, list[IPv4Network]] = defaultdict(lambda: wanted)
    by_kind["neighbour"] = wanted + more
    # A route that was withdrawn leaves the kernel a moment later than FRR.
    return until(
        "route",
        partial(_find, lab, by_kind, [*roles]),
        lambda found: not any(_says_bgp(*pair) for pair in found),
    )


def _find(
    lab: Session,
    wanted: Mapping[Kind, Sequence[IPv4Network]],
    roles: Sequence[str],
) -> list[tuple[str, StaticEntry]]:
    """Return the static entries for addresses of some networks, by kind."""
    plan = lab.plan
    roles = roles or [*plan.machines, *plan.nodes]
    lists = run_parallel(lambda role: static_entries(lab.machine(role)), roles)
    found = [
        (role, entry)
        for role, entries in zip(roles, lists, strict=True)
        for entry in entries
        if any(entry.network.overlaps(net) for net in wanted[entry.kind])
        and _is_foreign(plan, role, entry)
    ]
    if not any(_says_bgp(role, entry) for role, entry in found):
        return found
    learnt = {IPv4Network(prefix) for prefix in lab.router.prefixes()}
    return [
        (role, entry)
        for role, entry in found
        if not (_says_bgp(role, entry) and entry.network in learnt)
    ]


def _says_bgp(role: str, entry: StaticEntry) -> bool:
    """Tell whether an entry is a route of the router, and says it is BGP's."""
    return (
        role == "router"
        and entry.kind == "route"
        and entry.value("proto") == "bgp"
        and entry.value("table") in _MAIN_TABLES
    )


def _is_foreign(plan: Plan, role: str, entry: StaticEntry) -> bool:
    """Tell whether neither the kit nor its networks need an entry."""
    match entry.kind:
        case "address":
            return not _is_own_address(plan, role, entry)
        case "responder" | "setting":
            # Elsewhere the LAN client hears another MAC than a node's.
            return role in plan.nodes
        case "rule" if entry.value("lookup") in _MAIN_TABLES:
            return False
        case "rule" | "route":
            return _is_foreign_route(plan, role, entry)
        case "translation" | "nft" if entry.hides_source:
            return role == "router" and _hides_clients(plan, entry)
    return True


def _hides_clients(plan: Plan, entry: StaticEntry) -> bool:
    """Tell whether a rule of the router replaces outside clients' addresses.

    Nodes do so, too, for pods and for Services with policy Cluster.
    """
    source = network_of(entry.operand("-s", "saddr"))
    device = entry.operand("-o", "oifname").strip('"')
    return device in {"", "eth0"} and (
        source is None or source.overlaps(plan.edge)
    )


def _is_foreign_route(plan: Plan, role: str, entry: StaticEntry) -> bool:
    if entry.network.prefixlen == 0:
        # The kit's machines have one table with a default route, and a node
        # answers ARP for what it delivers to itself.
        foreign = role not in plan.nodes or entry.is_local
        return foreign and bool(entry.value("table"))
    if role not in plan.nodes or entry.is_local:
        return True
    # The way back to the edge network is up to whoever runs the nodes, and a
    # shorter route than that of the LAN is of other networks.
    return not entry.network.supernet_of(plan.edge) and any(
        entry.network.subnet_of(net) for net in (plan.lan, plan.bgp_pool)
    )


def _is_own_address(plan: Plan, role: str, entry: StaticEntry) -> bool:
    """Tell whether the plan or the DHCP server gave a machine its address."""
    # Machines of the lab may be namespaces of one host.
    others = entry.device.startswith(OTHER)
    roles = [*plan.machines, *plan.nodes] if others else [role]
    own = [text for each in roles for text in plan.interfaces(each).values()]
    address = str(entry.network[0])
    return any(address == text.partition("/")[0] for text in own) or (
        "desk" in roles and "eth0:lease" in entry.text
    )


def _target(entry: StaticEntry, vips: Iterable[str]) -> str:
    """Return the VIP that an entry is for, or the entry's own addresses."""
    return next(
        (
            vip
            for vip in vips
            if any(entry.network.overlaps(net) for net in covered(vip))
        ),
        str(entry.network).removesuffix("/32"),
    )
