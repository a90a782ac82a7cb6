"""Lab 4: web sees its clients' own addresses, and loses none of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from graders.checks.check import check, expect
from graders.checks.draining import (
    evict,
    expect_moved,
    expect_pending,
    restored_placement,
)
from graders.checks.extra_sources import (
    expect_welcome,
    extra_source_addresses,
    paths_from,
)
from graders.checks.services import expect_allocated, run_parallel
from graders.checks.traffic import (
    ClientPath,
    expect_no_loss,
    expect_source_ip,
    expect_source_port,
    served_by,
    wait_until_open,
)
from graders.checks.traffic_policy import (
    addresses,
    arp_responders,
    arping_command,
    expect_arp_from,
    expect_hop,
    next_hops,
)
from graders.checks.workload import cordoned, moving
from graders.plan.ip_ranges import holds
from graders.polling import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from graders.checks.session import Session
    from graders.probes.traffic import Flows

SPACE: Final = "lab-4"
NEIGHBOURS: Final = "neighbours"
SEE_PODS: Final = f"kubectl get pods -n {SPACE} -o wide"
SEE_SLICES: Final = (
    f"kubectl get endpointslices -n {SPACE}"
    " -l kubernetes.io/service-name={name} -o yaml"
)


@check(layer="allocation")
def test_vips(lab: Session) -> None:
    """web has the VIP {bgp_vip}, and web-lan has one of {pool_name}."""
    expect_allocated(lab, "web", SPACE, str(lab.plan.bgp_vip))
    vip = expect_allocated(lab, "web-lan", SPACE)
    expect(
        "the VIP of web-lan to be in",
        expected=lab.plan.pool,
        actual=vip,
        ok=holds([lab.plan.pool], vip),
        seen_by=f"kubectl get svc -n {SPACE}",
    )


@check(layer="advertisement", needs=("vips",))
def test_arp(lab: Session) -> None:
    """Only a node with a ready pod of web answers ARP for web-lan."""
    vip = lab.cluster.vip("web-lan", SPACE)

    def look() -> tuple[list[str], frozenset[str]]:
        return arp_responders(lab, vip), _servers(lab, "web-lan")

    names, ready = until(
        "arp", look, lambda seen: len(seen[0]) == 1 and {*seen[0]} <= seen[1]
    )
    expect(
        f"ARP for {vip} to be answered by",
        expected=f"one of {', '.join(sorted(ready))}"
        if ready
        else "a node with a ready pod, and there is none",
        actual=names or "nobody",
        ok=len(names) == 1 and {*names} <= ready,
        seen_by=arping_command(vip),
        evidence=lambda: lab.cluster.events("web-lan", SPACE),
    )


@check(layer="neighbour")
def test_session(lab: Session) -> None:
    """The router has a BGP session with every node."""
    wanted = {str(node.lan) for node in lab.plan.nodes.values()}

    def up() -> set[str]:
        peers = lab.router.peers()
        return {
            address
            for address, peer in peers.items()
            if peer.state == "Established"
        }

    found = until("session", up, wanted.__eq__)
    expect(
        "sessions with",
        expected=wanted,
        actual=found,
        seen_by="vtysh -c 'show bgp summary' on router",
        evidence=lambda: lab.router.vtysh("show bgp summary").text,
    )


@check(layer="route", needs=("vips", "session"))
def test_route(lab: Session) -> None:
    """The router sends web's traffic only to the nodes that serve it."""
    vip = str(lab.plan.bgp_vip)
    wanted, found = until(
        "route",
        lambda: (addresses(lab, _servers(lab, "web")), next_hops(lab, vip)),
        lambda seen: bool(seen[0]) and seen[0] == seen[1],
    )
    expect(
        f"the next hops of {vip} to be those of a ready pod, learnt by BGP,",
        expected=wanted or "and there is no ready pod",
        actual=found or "none",
        ok=bool(wanted) and wanted == found,
        seen_by=f"vtysh -c 'show ip route {vip}' on router",
        evidence=lambda: lab.router.vtysh(f"show ip route {vip}").text,
    )


@check(layer="forwarding", needs=("arp", "route"), exclusive=True)
def test_no_loss(lab: Session) -> None:
    """No flow to web or web-lan is lost, whichever client sends it."""
    known = _ways(lab)
    flown = run_parallel(expect_no_loss, known)
    with extra_source_addresses(lab) as drawn:
        new = paths_from(lab, drawn, *_vips(lab))
        flown += run_parallel(expect_welcome, new)
    lab.shared["flown"] = list(zip([*known, *new], flown, strict=True))


@check(layer="forwarding", needs=("no_loss",))
def test_billing(lab: Session) -> None:
    """billing answers at its VIP, and not through the control plane."""
    vip = str(lab.plan.bgp_neighbour_vip)
    control = str(lab.plan.nodes["control-plane"].lan)
    found = until(
        "route",
        partial(next_hops, lab, vip),
        lambda found: found and control not in found,
    )
    expect(
        f"the next hops of {vip} to be",
        expected="workers",
        actual=found or "none",
        ok=bool(found) and control not in found,
        seen_by=f"vtysh -c 'show ip route {vip}' on router",
        evidence=lambda: lab.router.vtysh(f"show ip route {vip}").text,
    )
    expect_allocated(lab, "billing", NEIGHBOURS, vip)
    expect_no_loss(ClientPath(lab.client, vip, ""), path="/")


@check(layer="source-ip", needs=("no_loss",))
def test_client_address(lab: Session) -> None:
    """web sees every client's own address, not that of a node or router."""
    for way, flows in lab.shared["flown"]:
        expect_source_ip(way, flows)
    run_parallel(expect_source_port, _ways(lab))


@check(layer="endpoint", needs=("client_address",), exclusive=True)
def test_other_node(lab: Session) -> None:
    """The VIPs follow a pod to any worker, tested with the grader's pods."""
    workers = lab.plan.worker_names()
    with (
        extra_source_addresses(lab) as drawn,
        moving(lab, SPACE, ("web", "web-lan"), workers) as probe,
    ):
        vip, lan_vip = probe.vip("web"), probe.vip("web-lan")
        expect(
            "Services like web and web-lan to get",
            expected="VIPs",
            actual=[vip or "<pending>", lan_vip or "<pending>"],
            ok=bool(vip and lan_vip),
            seen_by="kubectl get ipaddresspools -n metallb-system",
        )
        for name in workers:
            probe.put(name)
            expect_hop(lab, vip, name)
            ways = _ways_to(lab, vip, lan_vip)
            run_parallel(wait_until_open, ways)
            # For a moment kube-proxy still leads to the pod before.
            served = partial(served_by, pod=probe.pods[name], node=name)
            _all_seen(served, ways)
            welcome = partial(expect_welcome, where=name)
            _all_seen(welcome, paths_from(lab, drawn, vip, lan_vip))


@check(layer="policy", needs=("arp",))
def test_placement(lab: Session) -> None:
    """One pod of web runs, and it is on a worker."""
    workers = {*lab.plan.worker_names()}
    pods = until(
        "pods",
        lambda: lab.cluster.pod_nodes(SPACE, "app=web"),
        # What is wrong and at rest does not come right.
        lambda pods: (
            (len(pods) == 1 and set(pods.values()) <= workers)
            or lab.cluster.at_rest(SPACE)
        ),
    )
    serving = lab.cluster.ready_nodes(SPACE, "web")
    serving |= lab.cluster.ready_nodes(SPACE, "web-lan")
    expect(
        "pods of web:",
        expected="one, on a worker",
        actual=[f"{name} on {pods[name]}" for name in pods] or "none",
        ok=len(pods) == 1 and set(pods.values()) <= workers,
        seen_by=SEE_PODS,
    )
    expect(
        "web and web-lan to be served from",
        expected=set(pods.values()),
        actual=serving,
        ok=serving == set(pods.values()),
        seen_by=SEE_SLICES.format(name="web"),
    )


@check(layer="endpoint", needs=("other_node", "placement"), disruptive=True)
def test_drain(lab: Session) -> None:
    """web's pod moves when its worker is drained, and the VIPs follow it."""
    workers = lab.plan.worker_names()
    (node,) = lab.cluster.pod_nodes(SPACE, "app=web").values()
    (other,) = {*workers} - {node}
    vip, lan_vip = _vips(lab)
    with (
        restored_placement(lab, SPACE, "app=web", workers),
        cordoned(lab, node),
    ):
        evict(lab, SPACE, "app=web")
        expect_moved(lab, SPACE, "web", other)
        expect_hop(lab, vip, other)
        expect_arp_from(lab, lan_vip, other)
        _all_seen(partial(expect_no_loss, where=other), _ways(lab))
        with extra_source_addresses(lab) as drawn:
            _all_seen(expect_welcome, paths_from(lab, drawn, vip, lan_vip))
    expect_pending(lab, SPACE, "web", workers)


def _all_seen(
    flow: Callable[[ClientPath], Flows], ways: list[ClientPath]
) -> None:
    """Fail unless each way's flows were seen under its own address."""
    for way, flows in zip(ways, run_parallel(flow, ways), strict=True):
        expect_source_ip(way, flows)


def _ways(lab: Session) -> list[ClientPath]:
    """Return the ways in that customers have to web."""
    return _ways_to(lab, *_vips(lab))


def _vips(lab: Session) -> tuple[str, str]:
    """Return the VIPs of web and of web-lan."""
    return lab.cluster.vip("web", SPACE), lab.cluster.vip("web-lan", SPACE)


def _ways_to(lab: Session, vip: str, lan_vip: str) -> list[ClientPath]:
    machines = lab.plan.machines
    outside = str(machines["client"].edge)
    inside = str(machines["lan-client"].lan)
    return [
        ClientPath(lab.client, vip, outside),
        ClientPath(lab.lan_client, lan_vip, inside),
        ClientPath(lab.client, lan_vip, outside),
    ]


def _servers(lab: Session, name: str) -> frozenset[str]:
    """Return the nodes that serve a Service: by its own policy.

    Where any node passes traffic on, any that may announce will do; that
    the client's address is lost there is for another check to say.
    """
    service = lab.cluster.service(name, SPACE)
    ready = lab.cluster.ready_nodes(SPACE, name)
    policy = (service or {"spec": {}})["spec"].get("externalTrafficPolicy")
    if policy == "Local" or not ready:
        return ready
    return frozenset(lab.plan.worker_names())
