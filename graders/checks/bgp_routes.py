"""Routes of the router for Services: those of BGP, and no others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from graders.checks.bgp import kernel_route, node_names
from graders.checks.check import expect
from graders.checks.static_entries import expect_no_static_entries
from graders.polling import WAITS, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.checks.session import Session
    from graders.probes.router import Route

# Flows that take different paths, if ports count at all.
_PORTS: Final = 40


def is_settled(
    lab: Session, address: str, route: tuple[str, list[str]]
) -> bool:
    """Tell whether the kernel's route is what BGP has chosen.

    Then it stays so until another path comes.

    Example:
        until("route", read, ok, hopeless=partial(is_settled, lab, vip))

    Raises:
        CheckFailed: FRR is stopped.
        CannotCheck: the router does not answer.

    """
    chosen = lab.router.next_hops(f"{address}/32", used=True)
    return route == ("bgp", node_names(lab, chosen))


def has_all_updates(lab: Session, prefix: str) -> bool:
    """Tell whether neighbours without a path to `prefix` won't send one.

    Their sessions are up and have been silent for as long as a route may
    take, and FRR has kept nothing that another policy would let in.

    Example:
        if has_all_updates(lab, "10.0.100.7/32"): ...

    Raises:
        CheckFailed: FRR is stopped.
        CannotCheck: the router does not answer.

    """
    least = WAITS["route"].seconds
    hops = lab.router.next_hops(prefix)
    return all(
        session.established
        and session.seconds_up > least
        and session.seconds_quiet > least
        and not session.keeps_refused
        for address, session in lab.router.sessions().items()
        if address not in hops
    )


def ignores_ports(lab: Session, address: str) -> bool:
    """Tell whether the router sends all of the client's flows to one node.

    The kernel says for each port which next hop it takes, always the same.

    Example:
        until("http", send, ok, hopeless=lambda _: ignores_ports(lab, vip))

    Raises:
        CannotCheck: the router does not answer.

    """
    source = str(lab.plan.machines["client"].edge)
    hops = lab.router.next_hops_by_port(source, address, _PORTS)
    return len(hops) == _PORTS and len({*hops}) == 1


def expect_bgp_alone(lab: Session, address: str) -> None:
    """Fail unless the router's routes to the agreed prefix are those of BGP.

    The kernel must have the paths that BGP has chosen, and nothing else may
    lead there: no static entry on any machine, no route that FRR holds ready
    for when a path is gone, no default route by a node, and no aggregate.

    Example:
        expect_bgp_alone(lab, str(lab.plan.bgp_vip))

    Raises:
        CheckFailed: the kernel has another route than BGP, or a static one.
        CannotCheck: a machine does not answer.

    """
    _, names = kernel_route(lab, address)
    chosen = lab.router.next_hops(f"{address}/32", used=True)
    expect(
        f"the paths that BGP has chosen for {address} to be the kernel's:",
        expected=names,
        actual=node_names(lab, chosen) or "none",
        seen_by=f"vtysh -c 'show bgp ipv4 unicast {address}/32' on router",
    )
    expect_no_stray_routes(lab, hosts_only=True)
    expect_no_static_entries(lab, [address, str(lab.plan.bgp_pool)])


def expect_no_stray_routes(lab: Session, *, hosts_only: bool = False) -> None:
    """Fail if the router has routes to the agreed prefix that are not of BGP.

    With `hosts_only`, BGP may have routes to single addresses only.

    Example:
        expect_no_stray_routes(lab)

    Raises:
        CheckFailed: it has one, in the kernel or ready in FRR's own table.
        CannotCheck: the router does not answer.

    """
    look = partial(stray_routes, lab, hosts_only=hosts_only)
    strays = until("route", look, _is_empty)
    each = ", one for each address" if hosts_only else ""
    expect(
        f"the router's routes to {lab.plan.bgp_pool} to come",
        expected=f"from BGP alone{each}",
        actual=strays,
        ok=not strays,
        seen_by="vtysh -c 'show ip route' on router",
        evidence="\n".join(strays),
    )


def stray_routes(lab: Session, *, hosts_only: bool = False) -> list[str]:
    """Return the router's routes for the agreed prefix that are not of BGP.

    With `hosts_only`, those of BGP to several addresses are among them.

    Of the kernel, these are routes that claim to be of BGP, and are not as
    BGP has them; `expect_no_static_entries` looks for all others.

    Example:
        strays = stray_routes(lab)

    Raises:
        CheckFailed: FRR is stopped.
        CannotCheck: the router does not answer.

    """
    return sorted({str(route) for route in _strays(lab, hosts_only)})


def _strays(lab: Session, hosts_only: bool) -> Iterator[Route]:  # noqa: FBT001 - of its caller
    pool = lab.plan.bgp_pool
    nodes = {str(node.lan) for node in lab.plan.nodes.values()}
    chosen = lab.router.routes(used=True)
    for route in lab.router.kernel_routes():
        if route.network.subnet_of(pool) and route.protocol == "bgp":
            # Popped: a second one, of another metric, is not BGP's.
            is_bgps = route.next_hops == chosen.pop(route.prefix, None)
            if not is_bgps or (hosts_only and route.network.num_addresses > 1):
                yield route
        elif route.network.prefixlen == 0 and route.next_hops & nodes:
            yield route
    for route in lab.router.own_routes():
        if route.protocol in {"bgp", "kernel"}:
            continue
        if route.network.subnet_of(pool) or (
            route.network.supernet_of(pool) and route.next_hops & nodes
        ):
            yield route


def _is_empty(found: list[str]) -> bool:
    return not found
