"""Lab 3: the router spreads web's clients over every eligible node."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from graders.checks import (
    MIN_CONNECTIONS,
    BgpSession,
    Refused,
    Session,
    advertise,
    agreed_addresses,
    announcing_nodes,
    bgp_announcers,
    busy_nodes,
    cannot_connect,
    check,
    connections_per_node,
    expect,
    expect_agreed_accepted,
    expect_agreed_pools,
    expect_bgp_alone,
    expect_bgp_port,
    expect_control_plane_excluded,
    expect_filtered,
    expect_foreign_refused,
    expect_maintained_speakers,
    expect_one_controller,
    expect_one_peer,
    expect_only_allocated,
    expect_passwords_kept,
    expect_router_listens,
    expect_session,
    expect_unsigned_dropped,
    expect_validated,
    expect_vip,
    foreign_prefixes,
    has_all_updates,
    ignores_ports,
    is_settled,
    isolate,
    kernel_route,
    measure_outage,
    new_services,
    node_names,
    permitted_communities,
    run_parallel,
    until,
    until_redialled,
)

NAMESPACE: Final = "lab-3"
# Seconds that the brief allows: for noticing a failure, and for an outage.
MAX_HOLD_TIME: Final = 10
MAX_OUTAGE: Final = 15
FLOWS: Final = 40
PERSISTENT_REQUESTS: Final = 200


@check(layer="allocation")
def test_vip(lab: Session) -> None:
    """web has the VIP {bgp_vip}."""
    expect_vip(lab, "web", NAMESPACE, str(lab.plan.bgp_vip))


@check(layer="advertisement", needs=("vip",))
def test_announced(lab: Session) -> None:
    """The speaker of each worker, and no other, announces the VIP."""
    wanted = announcing_nodes(lab).keys()
    nodes = until(
        "withdraw",
        partial(bgp_announcers, lab, "web", NAMESPACE),
        wanted.__eq__,
    )
    expect(
        "the VIP to be announced by",
        expected=sorted(wanted),
        actual=sorted(nodes),
        seen_by="kubectl get servicebgpstatuses -A -o yaml",
        evidence=lambda: lab.cluster.events("web", NAMESPACE),
    )
    # It has no pod of web, but would announce other Services.
    expect_control_plane_excluded(lab)
    expect_maintained_speakers(lab)


@check(layer="neighbour")
def test_sessions(lab: Session) -> None:
    """The router has one BGP session with each node, at BGP's port."""
    nodes = lab.plan.nodes
    wanted = frozenset(str(node.lan) for node in nodes.values())
    sessions = until(
        "session",
        lab.router.sessions,
        lambda sessions: _established(sessions) >= wanted,
        hopeless=partial(cannot_connect, lab),
        extra=partial(until_redialled, lab),
    )
    for node in nodes.values():
        address = str(node.lan)
        expect_session(lab, node.name, address, sessions.get(address))
    run_parallel(partial(expect_bgp_port, lab), nodes)
    expect_router_listens(lab)
    expect_one_peer(lab)


@check(layer="neighbour", needs=("sessions",))
def test_hold_time(lab: Session) -> None:
    """A silent neighbour is dropped after 10 s at most."""
    sessions = lab.router.sessions()
    for node in lab.plan.nodes.values():
        address = str(node.lan)
        hold_time = sessions[address].hold_time if address in sessions else 0
        expect(
            f"the hold time agreed with {node.name} to be",
            expected=f"{MAX_HOLD_TIME} s at most",
            actual=f"{hold_time:.0f} s",
            ok=0 < hold_time <= MAX_HOLD_TIME,
            seen_by=f"vtysh -c 'show bgp neighbors {address}' on router",
        )


@check(layer="route", needs=("announced", "sessions"))
def test_paths(lab: Session) -> None:
    """The router accepts a path to the VIP from each worker."""
    wanted = frozenset(announcing_nodes(lab).values())
    vip = lab.plan.bgp_vip
    hops = until(
        "route",
        lambda: lab.router.next_hops(f"{vip}/32"),
        wanted.__eq__,
        hopeless=lambda _: has_all_updates(lab, f"{vip}/32"),
    )
    expect(
        f"the paths to {vip}/32 on the router to be by",
        expected=node_names(lab, wanted),
        actual=node_names(lab, hops) or "none at all",
        ok=hops == wanted,
        seen_by=f"vtysh -c 'show bgp ipv4 unicast {vip}/32' on router",
        evidence=lambda: lab.router.vtysh("show bgp summary").text,
    )


@check(layer="route", needs=("paths",))
def test_fib(lab: Session) -> None:
    """The router forwards to each worker, by what BGP has chosen alone."""
    wanted = sorted(announcing_nodes(lab))
    vip = str(lab.plan.bgp_vip)
    protocol, names = until(
        "route",
        partial(kernel_route, lab, vip),
        ("bgp", wanted).__eq__,
        hopeless=partial(is_settled, lab, vip),
    )
    command = f"ip route show {vip} on router"
    expect(
        f"the route to {vip} to come from",
        expected="bgp",
        actual=protocol or "nothing",
        seen_by=command,
    )
    expect(
        f"the next hops for {vip} to be",
        expected=wanted,
        actual=names,
        seen_by=command,
        evidence=lambda: lab.router.vtysh(f"show bgp ipv4 {vip}/32").text,
    )
    expect_bgp_alone(lab, vip)


@check(layer="forwarding", needs=("fib",))
def test_ecmp(lab: Session) -> None:
    """Connections of one client reach every worker, and none is lost."""
    wanted = announcing_nodes(lab).keys()
    vip = str(lab.plan.bgp_vip)
    pods = lab.cluster.pod_nodes(NAMESPACE, "app=web")
    flows = until(
        "http",
        partial(lab.client.flows, vip, FLOWS, "/hostname"),
        lambda flows: not flows.failed and busy_nodes(pods, flows) >= wanted,
        hopeless=lambda flows: not flows.failed and ignores_ports(lab, vip),
    )
    counts = dict.fromkeys(sorted(wanted), 0)
    counts |= connections_per_node(pods, flows)
    expect(
        f"the answers to {FLOWS} connections to be",
        expected=FLOWS,
        actual=FLOWS - flows.failed,
        seen_by=f"{flows.command} on client",
    )
    expect(
        f"{FLOWS} connections to reach",
        expected=f"each worker, {MIN_CONNECTIONS} times or more",
        actual=counts,
        ok=busy_nodes(pods, flows) >= wanted,
        seen_by=f"{flows.command} on client",
    )


@check(layer="forwarding", needs=("ecmp",))
def test_long_flow(lab: Session) -> None:
    """Requests over one connection stay on one node."""
    vip = str(lab.plan.bgp_vip)
    # In parallel with many others, which may go to other nodes.
    with ThreadPoolExecutor() as pool:
        others = pool.submit(lab.client.flows, vip, FLOWS, "/hostname")
        flow = lab.client.long_flow(vip, "/hostname", PERSISTENT_REQUESTS)
        others.result()
    command = f"{flow.command} on client"
    expect(
        f"{PERSISTENT_REQUESTS} requests over one connection to get",
        expected=f"{PERSISTENT_REQUESTS} answers over 1 connection",
        actual=f"{len(flow.answers)} over {flow.connections}",
        ok=len(flow.answers) == PERSISTENT_REQUESTS and flow.connections == 1,
        seen_by=command,
    )
    pods = frozenset(flow.answers)
    expect(
        "one connection to be answered by",
        expected="one pod",
        actual=pods,
        ok=len(pods) == 1,
        seen_by=command,
    )


@check(layer="source-ip", needs=("ecmp",))
def test_source(lab: Session) -> None:
    """web's pods see the client's own address."""
    vip, own = str(lab.plan.bgp_vip), str(lab.plan.machines["client"].edge)
    flows = lab.client.flows(vip, 8, "/clientip")
    addresses = {text.rpartition(":")[0] for text in flows.answers}
    expect(
        "the address that web's pods see to be",
        expected=own,
        actual=addresses,
        ok=addresses == {own},
        seen_by=f"curl http://{vip}/clientip on client",
    )


@check(layer="policy", needs=("vip",))
def test_webhook(lab: Session) -> None:
    """One controller of MetalLB runs; its webhook refuses invalid objects."""
    expect_one_controller(lab)
    expect_validated(lab)


@check(layer="policy", needs=("paths",), exclusive=True)
def test_filter(lab: Session) -> None:
    """Pools and the router keep to the prefix agreed for Services."""
    expect_agreed_pools(lab)
    expect_only_allocated(lab, [str(lab.plan.bgp_pool)])
    configuration = lab.router.config()
    foreign = foreign_prefixes(lab, configuration)
    expect_filtered(lab, configuration, foreign)
    communities = permitted_communities(configuration)
    # A speaker sends its updates in order: once the router has the routes to
    # new Services, it has received those that were announced before.
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(
                advertise(lab, NAMESPACE, foreign, communities)
            )
        except Refused:
            # A rule of the cluster that lets no one make such pools is
            # welcome, next to the router's filter.
            expect_filtered(lab, configuration, foreign, every=True)
        agreed = agreed_addresses(lab)
        stack.enter_context(new_services(lab, NAMESPACE, agreed))
        expect_agreed_accepted(lab, agreed)
        expect_foreign_refused(lab)


@check(layer="policy", needs=("sessions",), variants=("password",))
def test_password_kept(lab: Session) -> None:
    """The router still asks its neighbours for the original password."""
    expect_passwords_kept(lab)
    run_parallel(partial(expect_unsigned_dropped, lab), lab.plan.nodes)


@check(layer="forwarding", needs=("hold_time", "ecmp"), disruptive=True)
def test_failover(lab: Session) -> None:
    """A node that falls silent is removed in time, and comes back."""
    nodes = announcing_nodes(lab)
    victim = lab.plan.nodes["worker2"].name
    vip = str(lab.plan.bgp_vip)
    rest = sorted(nodes.keys() - {victim})

    def hops() -> list[str]:
        return kernel_route(lab, vip)[1]

    watch = lab.client.watch(vip, 90)
    with measure_outage(lab, "failover", "bgp", watch):
        with isolate(lab, victim):
            watch.mark("silent", victim)
            without = until("hold-time", hops, rest.__eq__)
            if without == rest:
                watch.mark("hop-dropped", victim)
        watch.mark("back", victim)
        restored = until("takeover", hops, sorted(nodes).__eq__)
        if restored == sorted(nodes):
            watch.mark("hop-restored", victim)
    outage = lab.outages["failover"]
    lab.measurements["failover"] = outage.summary
    command = f"ip route show {vip} on router"
    expect(
        f"the next hops without {victim} to be",
        expected=rest,
        actual=without,
        seen_by=command,
    )
    expect(
        f"the next hops after {victim} came back to be",
        expected=sorted(nodes),
        actual=restored,
        seen_by=command,
    )
    expect(
        "the time in which connections were lost to be",
        expected=f"{MAX_OUTAGE} s at most",
        actual=f"{outage.window:.1f} s ({outage.summary})",
        ok=outage.window <= MAX_OUTAGE,
        seen_by=f"curl --max-time 1 http://{vip}/ on client",
    )


def _established(sessions: dict[str, BgpSession]) -> frozenset[str]:
    """Return the addresses of neighbours whose sessions are up."""
    return frozenset(
        address for address, session in sessions.items() if session.established
    )
