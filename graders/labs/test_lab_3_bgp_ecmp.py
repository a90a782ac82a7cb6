"""Lab 3: the router spreads web's clients over every eligible node."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final

from graders.checks.bgp import (
    advertise_foreign_prefix,
    announcing_nodes,
    bgp_announcers,
    expect_session,
    kernel_route,
    neighbours,
    node_names,
)
from graders.checks.bgp_rules import (
    expect_bgp_port,
    expect_passwords_kept,
    expect_unsigned_dropped,
)
from graders.checks.check import check, expect, fail
from graders.checks.node_failure import isolate
from graders.checks.objects import service_from
from graders.checks.services import expect_allocated, expect_excluded
from graders.checks.shares import FEW, busy_nodes, shares
from graders.polling import until

if TYPE_CHECKING:
    from graders.checks.bgp import Neighbour
    from graders.checks.session import Session

SPACE: Final = "lab-3"
# Seconds: what the brief allows for noticing, and for all clients to be well.
HOLD: Final = 10
OUTAGE: Final = 15
FLOWS: Final = 40
LONG: Final = 200


@check(layer="allocation")
def test_vip(lab: Session) -> None:
    """web has the VIP {bgp_vip}."""
    expect_allocated(lab, "web", SPACE, str(lab.plan.bgp_vip))


@check(layer="advertisement", needs=("vip",))
def test_announced(lab: Session) -> None:
    """The speaker of each worker, and no other, announces the VIP."""
    wanted = announcing_nodes(lab).keys()
    found = until(
        "withdraw", partial(bgp_announcers, lab, "web", SPACE), wanted.__eq__
    )
    expect(
        "the VIP to be announced by",
        expected=sorted(wanted),
        actual=sorted(found),
        seen_by="kubectl get servicebgpstatuses -A -o yaml",
        evidence=lambda: lab.cluster.events("web", SPACE),
    )
    # It has no pod of web, and would announce the next Service.
    expect_excluded(lab)


@check(layer="neighbour")
def test_sessions(lab: Session) -> None:
    """The router has a BGP session with each worker."""
    wanted = frozenset(announcing_nodes(lab).values())
    found = until(
        "session",
        partial(neighbours, lab),
        lambda found: _up(found) >= wanted,
    )
    for name, address in announcing_nodes(lab).items():
        expect_session(lab, name, address, found.get(address))
    for role in ("worker", "worker2"):
        expect_bgp_port(lab, role)


@check(layer="neighbour", needs=("sessions",))
def test_hold_time(lab: Session) -> None:
    """A silent neighbour is dropped after 10 s at most."""
    found = neighbours(lab)
    for name, address in announcing_nodes(lab).items():
        hold = found[address].hold if address in found else 0
        expect(
            f"the hold time agreed with {name} to be",
            expected=f"{HOLD} s at most",
            actual=f"{hold:.0f} s",
            ok=0 < hold <= HOLD,
            seen_by=f"vtysh -c 'show bgp neighbors {address}' on router",
        )


@check(layer="route", needs=("announced", "sessions"))
def test_paths(lab: Session) -> None:
    """The router accepts a path to the VIP from each worker."""
    wanted = frozenset(announcing_nodes(lab).values())
    vip = lab.plan.bgp_vip
    found = until(
        "route", lambda: lab.router.next_hops(f"{vip}/32"), wanted.__eq__
    )
    expect(
        f"the paths to {vip}/32 on the router to be by",
        expected=node_names(lab, wanted),
        actual=node_names(lab, found) or "none at all",
        ok=found == wanted,
        seen_by=f"vtysh -c 'show bgp ipv4 unicast {vip}/32' on router",
        evidence=lambda: lab.router.vtysh("show bgp summary").text,
    )


@check(layer="route", needs=("paths",))
def test_fib(lab: Session) -> None:
    """The router forwards to each worker, by routes learned from BGP."""
    wanted = sorted(announcing_nodes(lab))
    vip = str(lab.plan.bgp_vip)
    source, names = until(
        "route", partial(kernel_route, lab, vip), ("bgp", wanted).__eq__
    )
    seen = f"ip route show {vip} on router"
    expect(
        f"the route to {vip} to come from",
        expected="bgp",
        actual=source or "nobody",
        seen_by=seen,
    )
    expect(
        f"the next hops for {vip} to be",
        expected=wanted,
        actual=names,
        seen_by=seen,
        evidence=lambda: lab.router.vtysh(f"show bgp ipv4 {vip}/32").text,
    )


@check(layer="forwarding", needs=("fib",))
def test_ecmp(lab: Session) -> None:
    """Connections of one client reach every worker, and none is lost."""
    wanted = announcing_nodes(lab).keys()
    pods = lab.cluster.pod_nodes(SPACE, "app=web")
    seen = until(
        "http",
        partial(lab.client.flows, str(lab.plan.bgp_vip), FLOWS, "/hostname"),
        lambda seen: not seen.failed and busy_nodes(pods, seen) >= wanted,
    )
    found = dict.fromkeys(sorted(wanted), 0) | shares(pods, seen)
    expect(
        f"the answers to {FLOWS} connections to be",
        expected=FLOWS,
        actual=FLOWS - seen.failed,
        seen_by=f"{seen.command} on client",
    )
    expect(
        f"{FLOWS} connections to reach",
        expected=f"each worker, {FEW} times or more",
        actual=found,
        ok=busy_nodes(pods, seen) >= wanted,
        seen_by=f"{seen.command} on client",
    )


@check(layer="forwarding", needs=("ecmp",))
def test_long_flow(lab: Session) -> None:
    """Requests over one connection stay on one node."""
    vip = str(lab.plan.bgp_vip)
    # Beside many others, so that nothing stays where it is for want of them.
    with ThreadPoolExecutor() as pool:
        others = pool.submit(lab.client.flows, vip, FLOWS, "/hostname")
        flow = lab.client.long_flow(vip, "/hostname", LONG)
        others.result()
    seen = f"{flow.command} on client"
    expect(
        f"{LONG} requests over one connection to get",
        expected=f"{LONG} answers over 1 connection",
        actual=f"{len(flow.answers)} over {flow.connections}",
        ok=len(flow.answers) == LONG and flow.connections == 1,
        seen_by=seen,
    )
    pods = frozenset(flow.answers)
    expect(
        "one connection to be answered by",
        expected="one pod",
        actual=pods,
        ok=len(pods) == 1,
        seen_by=seen,
    )


@check(layer="source-ip", needs=("ecmp",))
def test_source(lab: Session) -> None:
    """web's pods see the client's own address."""
    vip, own = str(lab.plan.bgp_vip), str(lab.plan.machines["client"].edge)
    seen = lab.client.flows(vip, 8, "/clientip")
    addresses = {text.rpartition(":")[0] for text in seen.answers}
    expect(
        "the address that web's pods see to be",
        expected=own,
        actual=addresses,
        ok=addresses == {own},
        seen_by=f"curl http://{vip}/clientip on client",
    )


@check(layer="policy", needs=("paths",), exclusive=True)
def test_filter(lab: Session) -> None:
    """The router accepts only the prefixes agreed for Services."""
    wanted = frozenset(announcing_nodes(lab).values())
    pool = lab.plan.bgp_pool_name
    with advertise_foreign_prefix(lab, SPACE) as foreign:
        # A speaker sends its updates in order: when the second Service is
        # there, the router has heard of the first.
        with service_from(lab, SPACE, pool) as own:
            hops = until(
                "fresh",
                lambda: lab.router.next_hops(
                    f"{lab.cluster.vip(own, SPACE)}/32"
                ),
                wanted.__eq__,
            )
        accepted = lab.router.prefixes()
        if hops != wanted:
            fail(
                "expected paths to a new Service by the workers alone, not"
                f" {', '.join(node_names(lab, hops)) or 'none'}",
                seen_by="vtysh -c 'show bgp ipv4 unicast' on router",
            )
    expect(
        f"what the router accepts outside {lab.plan.bgp_pool} to be",
        expected="nothing",
        actual=f"{foreign}/32",
        ok=f"{foreign}/32" not in accepted,
        seen_by="vtysh -c 'show bgp ipv4 unicast' on router",
        evidence="\n".join(accepted),
    )


@check(layer="policy", needs=("sessions",), variants=("password",))
def test_password_kept(lab: Session) -> None:
    """The router still asks its neighbours for the original password."""
    expect_passwords_kept(lab)
    expect_unsigned_dropped(lab)


@check(layer="forwarding", needs=("hold_time", "ecmp"), disruptive=True)
def test_failover(lab: Session) -> None:
    """A node that falls silent is removed in time, and comes back."""
    nodes = announcing_nodes(lab)
    victim = lab.plan.nodes["worker2"].name
    vip = str(lab.plan.bgp_vip)
    rest = sorted(nodes.keys() - {victim})

    def hops() -> list[str]:
        return kernel_route(lab, vip)[1]

    with lab.client.watch(vip, 90) as watch:
        with isolate(lab, victim):
            left = until("hold", hops, rest.__eq__)
        back = until("takeover", hops, sorted(nodes).__eq__)
    lab.measurements["failover"] = watch.told
    seen = f"ip route show {vip} on router"
    expect(
        f"the next hops without {victim} to be",
        expected=rest,
        actual=left,
        seen_by=seen,
    )
    expect(
        f"the next hops after {victim} came back to be",
        expected=sorted(nodes),
        actual=back,
        seen_by=seen,
    )
    expect(
        "the time in which connections were lost to be",
        expected=f"{OUTAGE} s at most",
        actual=f"{watch.window:.1f} s ({watch.told})",
        ok=watch.window <= OUTAGE,
        seen_by=f"curl --max-time 1 http://{vip}/ on client",
    )


def _up(found: dict[str, Neighbour]) -> frozenset[str]:
    """Return the addresses with which the router has a session."""
    return frozenset(
        address
        for address, peer in found.items()
        if peer.state == "Established"
    )
