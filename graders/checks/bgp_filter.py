"""The router's filter, tried with agreed prefixes and with others."""

from __future__ import annotations

import contextlib
import random
import re
from functools import partial
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Any, Final

from graders.checks.bgp import announcing_nodes, bgp_announcers, node_names
from graders.checks.check import expect
from graders.checks.objects import (
    is_temporary,
    new_name,
    temporary_object,
    temporary_service,
)
from graders.checks.parallel import run_parallel
from graders.checks.pools import SEE_POOLS
from graders.errors import parsing
from graders.kube.names import METALLB_NAMESPACE, METALLB_PATH
from graders.plan.ip_ranges import covered, holds, outside
from graders.polling import until
from graders.probes.frr_policy import lets_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from graders.checks.session import Session
    from graders.plan.plan import Plan

_HOST: Final = 32
_LONG: Final = 24
# An entry of a prefix list, or of an access list, which has no lengths.
_PERMIT: Final = re.compile(
    r"^ *(ip prefix-list|access-list) .*permit (\S+/\d+|any)"
    r"(?: ge (\d+))?(?: le (\d+))?",
    re.MULTILINE,
)
# Lists of communities, and what they have for prefixes to carry.
_COMMUNITIES: Final = re.compile(
    r"^bgp (large-)?community-list .*permit (.+)$", re.MULTILINE
)
_COMMUNITY: Final = re.compile(r"\b\d+(?::\d+){1,2}\b")
# Of more entries than these, some are drawn.
_MAX_ENTRIES: Final = 3
_EVERYTHING: Final = IPv4Network("0.0.0.0/0")
# A list of what is forbidden may have all of these.
_ELSEWHERE: Final = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"),
    *("198.18.0.0/15", "203.0.113.0/24"),
)
# What nodes and machines need: no Service may have such an address, not even
# for a moment. Networks of pods and Services are kind's own choice; the others
# are no addresses of hosts.
_RESERVED: Final = (
    *("10.244.0.0/16", "10.96.0.0/12"),
    *("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"),
)
_TRIES: Final = 50


def expect_agreed_pools(lab: Session) -> None:
    """Fail if a pool has addresses that are not agreed for Services.

    Example:
        expect_agreed_pools(lab)

    Raises:
        CheckFailed: a range reaches beyond the agreed prefix.
        CannotCheck: the API server does not answer.

    """
    agreed = lab.plan.bgp_pool
    beyond = [
        f"{name} with {text}"
        for name, ranges in lab.cluster.pools().items()
        if not is_temporary(name)
        for text in outside(ranges, agreed)
    ]
    expect(
        "every pool to be inside",
        expected=agreed,
        actual=beyond,
        ok=not beyond,
        seen_by=SEE_POOLS,
    )


def foreign_prefixes(lab: Session, configuration: str) -> list[IPv4Network]:
    """Draw prefixes that the router must not accept.

    They are other ones each time: on the LAN, next to the agreed prefix, in
    a private network, anywhere, and inside what the router's lists permit
    outside it, by its `configuration`. One more is for the communities that
    these lists permit, if there are any.

    Example:
        prefixes = foreign_prefixes(lab, lab.router.config())

    Raises:
        CannotCheck: the API server does not answer.

    """
    plan = lab.plan
    taken = [net for text in lab.cluster.ranges() for net in covered(text)]
    taken += [plan.bgp_pool, *_reserved(plan)]
    neighbour = IPv4Address(
        int(plan.bgp_pool[0])
        + random.choice((-1, 1)) * plan.bgp_pool.num_addresses  # noqa: S311 - no secret
    )
    spaces = [
        (plan.lan, _HOST),
        (IPv4Network((neighbour, plan.bgp_pool.prefixlen)), _HOST),
        (IPv4Network(random.choice((*_ELSEWHERE, str(plan.edge)))), _HOST),  # noqa: S311 - no secret
        (_EVERYTHING, _HOST),
        *_permitted(plan, configuration),
    ]
    if permitted_communities(configuration):
        spaces.append((_EVERYTHING, _HOST))
    found: list[IPv4Network] = []
    for space, length in spaces:
        drawn = _draw(space, length, [*taken, *found])
        found += [drawn] if drawn else []
    return found


def permitted_communities(configuration: str) -> list[str]:
    """Return the communities that the router's lists permit.

    They are written as MetalLB takes them.

    Example:
        communities = permitted_communities(lab.router.config())

    """
    found = {
        f"large:{text}" if large else text
        for large, line in _COMMUNITIES.findall(configuration)
        for text in _COMMUNITY.findall(line)
        if bool(large) == (text.count(":") > 1)
    }
    return sorted(found)


def agreed_addresses(lab: Session) -> list[str]:
    """Draw an unused address of the pools in each half of the agreed prefix.

    If the pools have none, one is drawn that no Service will get.

    Example:
        for address in agreed_addresses(lab): ...

    Raises:
        CannotCheck: the API server does not answer.

    """
    used, ranges = lab.cluster.vips(), lab.cluster.ranges()
    halves = [
        [ip for ip in map(str, half.hosts()) if ip not in used]
        for half in lab.plan.bgp_pool.subnets()
    ]
    free = [[ip for ip in half if holds(ranges, ip)] for half in halves]
    return [
        random.choice(addresses)  # noqa: S311 - no secret
        for addresses in (free if any(free) else halves)
        if addresses
    ]


@contextlib.contextmanager
def advertise(
    lab: Session,
    namespace: str,
    prefixes: Sequence[IPv4Network],
    communities: Sequence[str] = (),
) -> Iterator[None]:
    """Have the speakers announce prefixes that are of no pool.

    For this, pools, advertisements and Services are created, and removed at
    the end. The body runs once all workers announce them. The last prefix
    carries the communities.

    Example:
        with advertise(lab, "lab-3", foreign_prefixes(lab, configuration)):
            accepted = lab.router.prefixes()

    Raises:
        Refused: a rule of the cluster forbids it.
        CheckFailed: a worker does not announce one.
        CannotCheck: the API server does not answer.

    """
    plain = prefixes[:-1] if communities else prefixes
    by_length: dict[int, list[IPv4Network]] = {}
    for prefix in plain:
        by_length.setdefault(prefix.prefixlen, []).append(prefix)
    added = _communities(lab)
    with contextlib.ExitStack() as stack:
        for nets in by_length.values():
            stack.enter_context(_announced_pool(lab, nets, added))
        for prefix in prefixes[len(plain) :]:
            both = sorted({*added, *communities})
            stack.enter_context(_announced_pool(lab, [prefix], both))
        hosts = [str(net[net.num_addresses // 2]) for net in prefixes]
        names = stack.enter_context(new_services(lab, namespace, hosts))
        run_parallel(partial(_wait_for_workers, lab, namespace), names)
        yield


@contextlib.contextmanager
def new_services(
    lab: Session, namespace: str, addresses: Iterable[str]
) -> Iterator[list[str]]:
    """Create a Service for each address; remove them at the end.

    Example:
        with new_services(lab, "lab-3", ["192.0.2.7"]) as names: ...

    Raises:
        Refused: a rule of the cluster forbids it.
        CannotCheck: the API server does not answer.

    """
    with contextlib.ExitStack() as stack:
        yield run_parallel(
            lambda address: stack.enter_context(
                temporary_service(lab, namespace, address=address)
            ),
            addresses,
        )


def expect_agreed_accepted(lab: Session, addresses: Iterable[str]) -> None:
    """Fail unless the router has a path to each address from each worker.

    Example:
        expect_agreed_accepted(lab, ["10.0.100.99"])

    Raises:
        CheckFailed: a path is missing, or there is one by another node.
        CannotCheck: FRR does not answer.

    """
    wanted = frozenset(announcing_nodes(lab).values())
    prefixes = [f"{address}/{_HOST}" for address in addresses]
    routes = until(
        "new-service",
        lab.router.routes,
        lambda routes: all(routes.get(one) == wanted for one in prefixes),
    )
    for prefix in prefixes:
        hops = routes.get(prefix, frozenset())
        expect(
            f"paths to a new Service with {prefix.partition('/')[0]} by",
            expected=node_names(lab, wanted),
            actual=node_names(lab, hops) or "none",
            ok=hops == wanted,
            seen_by="vtysh -c 'show bgp ipv4 unicast' on router",
        )


def expect_foreign_refused(lab: Session) -> None:
    """Fail if the router has accepted a prefix outside the agreed one.

    Example:
        expect_foreign_refused(lab)

    Raises:
        CheckFailed: it has.
        CannotCheck: FRR does not answer.

    """
    agreed = lab.plan.bgp_pool
    prefixes = lab.router.prefixes()
    foreign = [
        prefix
        for prefix in prefixes
        if not IPv4Network(prefix).subnet_of(agreed)
    ]
    expect(
        f"what the router accepts outside {agreed} to be",
        expected="nothing",
        actual=foreign,
        ok=not foreign,
        seen_by="vtysh -c 'show bgp ipv4 unicast' on router",
        evidence="\n".join(prefixes),
    )


def expect_filtered(
    lab: Session,
    configuration: str,
    prefixes: Sequence[IPv4Network],
    *,
    every: bool = False,
) -> None:
    """Fail if the router would accept prefixes from a node that has none.

    What it accepts from the others is tried; that one does not announce what
    the grader would try, so its filter is followed in FRR's configuration.
    With `every`, so is that of each node: a rule of the cluster may keep the
    grader from trying.

    Example:
        configuration = lab.router.config()
        foreign = foreign_prefixes(lab, configuration)
        expect_filtered(lab, configuration, foreign)

    Raises:
        CheckFailed: it would accept anything, or a prefix, from that node.
        CannotCheck: FRR does not answer.

    """
    sessions = lab.router.sessions()
    tried = () if every else announcing_nodes(lab)
    for node in lab.plan.nodes.values():
        session = sessions.get(str(node.lan))
        if session is None or node.name in tried:
            continue
        expect(
            f"what the router accepts from {node.name} to be",
            expected="filtered",
            actual="anything",
            ok=session.filtered,
            seen_by=f"vtysh -c 'show bgp neighbors {node.lan}' on router",
        )
        accepted = [
            str(prefix)
            for prefix in prefixes
            if session.filters
            and lets_in(configuration, session.filters, prefix)
        ]
        expect(
            f"the filter of {node.name} to let in, of some prefixes outside"
            f" {lab.plan.bgp_pool},",
            expected="none",
            actual=accepted,
            ok=not accepted,
            seen_by="vtysh -c 'show running-config' on router",
        )


@parsing("the router's configuration", "`lab reset` restores it")
def _permitted(
    plan: Plan, configuration: str
) -> list[tuple[IPv4Network, int]]:
    """Draw from what the router's lists permit outside the agreed prefix.

    Each comes with a length that its entry permits.
    """
    found: list[tuple[IPv4Network, int]] = []
    for kind, text, least, most in _PERMIT.findall(configuration):
        # FRR writes so what is of any length, too.
        is_any = text == "any"
        space = _EVERYTHING if is_any else IPv4Network(text, strict=False)
        if space.subnet_of(plan.bgp_pool):
            continue
        first = int(least or space.prefixlen)
        open_end = is_any or least or kind == "access-list"
        last = int(most or (_HOST if open_end else first))
        # Of the lengths that it permits, the longer ones: they are free.
        first = max(first, min(last, _LONG))
        found.append((space, random.randint(first, last)))  # noqa: S311 - no secret
    return random.sample(found, min(len(found), _MAX_ENTRIES))


def _reserved(plan: Plan) -> list[IPv4Network]:
    """Return the addresses that nodes, machines and pods have or may get."""
    ranges = [
        f"{plan.lan[0]}-{plan.node_range[-1]}",
        f"{plan.dhcp_first}-{plan.dhcp_last}",
        f"{plan.edge[0]}-{plan.edge[15]}",
    ]
    return [net for text in (*ranges, *_RESERVED) for net in covered(text)]


def _draw(
    space: IPv4Network, length: int, taken: list[IPv4Network]
) -> IPv4Network | None:
    """Return a random subnet of that length, None if there is no free one."""
    for _ in range(_TRIES):
        number = random.randrange(space.num_addresses)  # noqa: S311 - no secret
        drawn = IPv4Network((space[number], length), strict=False)
        if drawn.subnet_of(space) and not any(map(drawn.overlaps, taken)):
            return drawn
    return None


def _communities(lab: Session) -> list[str]:
    """Return what advertisements add, as it would be for a wrong pool, too."""
    items = lab.cluster.items(f"{METALLB_PATH}/bgpadvertisements")
    specs = [item["spec"] for item in items]
    return sorted({one for it in specs for one in it.get("communities") or []})


@contextlib.contextmanager
def _announced_pool(
    lab: Session, nets: list[IPv4Network], communities: Sequence[str]
) -> Iterator[None]:
    """Create a pool of `nets`, which are announced as they are."""
    name = new_name()
    pool = _object(
        "IPAddressPool", name, addresses=[*map(str, nets)], autoAssign=False
    )
    advertisement = _object(
        "BGPAdvertisement",
        name,
        ipAddressPools=[name],
        aggregationLength=nets[0].prefixlen,
        communities=communities,
    )
    with (
        temporary_object(lab, f"{METALLB_PATH}/ipaddresspools", pool),
        temporary_object(
            lab, f"{METALLB_PATH}/bgpadvertisements", advertisement
        ),
    ):
        yield


def _wait_for_workers(lab: Session, namespace: str, name: str) -> None:
    workers = announcing_nodes(lab).keys()
    nodes = until(
        "new-service",
        partial(bgp_announcers, lab, name, namespace),
        workers.__le__,
    )
    expect(
        "a new Service, of a pool that is new, to be announced by",
        expected=sorted(workers),
        actual=sorted(nodes) or "none",
        ok=workers <= nodes,
        seen_by="kubectl get configurationstates -A -o yaml",
        evidence=partial(lab.cluster.events, name, namespace),
    )


def _object(kind: str, name: str, **spec: object) -> dict[str, Any]:
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": kind,
        "metadata": {"name": name, "namespace": METALLB_NAMESPACE},
        "spec": spec,
    }
