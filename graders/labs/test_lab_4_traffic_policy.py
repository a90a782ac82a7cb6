"""Lab 4: web sees its clients' own addresses, and loses none of them."""

from __future__ import annotations

import contextlib
import random
from functools import partial
from typing import TYPE_CHECKING, Final

from graders.checks import (
    SEE_POOLS,
    Client,
    ClientPath,
    Flows,
    Responders,
    Session,
    arp_responders,
    check,
    cordoned,
    evict_pods,
    expect,
    expect_followed_pods,
    expect_moved,
    expect_next_hop,
    expect_no_loss,
    expect_no_static_entries,
    expect_no_stray_routes,
    expect_no_surge,
    expect_none_planned,
    expect_one_controller,
    expect_one_copy,
    expect_own_route,
    expect_pending,
    expect_responder,
    expect_served_by,
    expect_source_ip,
    expect_source_port,
    expect_udp_source_ip,
    expect_validated,
    expect_vip,
    expect_vip_in,
    extra_lan_address,
    extra_source_addresses,
    next_hops,
    node_addresses,
    paths_from,
    probe_workload,
    restored_placement,
    run_parallel,
    until,
    until_redialled,
    wait_until_open,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAMESPACE: Final = "lab-4"
NEIGHBOURS: Final = "neighbours"
SEE_SLICES: Final = (
    f"kubectl get endpointslices -n {NAMESPACE}"
    " -l kubernetes.io/service-name={name} -o yaml"
)


@check(layer="allocation")
def test_vips(lab: Session) -> None:
    """web has the VIP {bgp_vip}, and web-lan has one of {pool_name}."""
    expect_vip(lab, "web", NAMESPACE, str(lab.plan.bgp_vip))
    expect_vip(lab, "web-lan", NAMESPACE)
    expect_vip_in(lab, "web-lan", NAMESPACE, lab.plan.pool)


@check(layer="advertisement", needs=("vips",))
def test_arp(lab: Session) -> None:
    """Only a node with a ready pod of web answers ARP for web-lan."""
    vip = lab.cluster.vip("web-lan", NAMESPACE)

    def is_right(state: tuple[Responders, frozenset[str]]) -> bool:
        names = state[0].names
        return len(names) == 1 and names[0] in state[1]

    state = until(
        "arp",
        lambda: (arp_responders(lab, vip), _serving_nodes(lab, "web-lan")),
        is_right,
    )
    responders, ready = state
    expect(
        f"ARP for {vip} to be answered by",
        expected=f"one of {', '.join(sorted(ready))}"
        if ready
        else "a node with a ready pod, and there is none",
        actual=responders.names or "none",
        ok=is_right(state),
        seen_by=responders.seen_by,
        evidence=lambda: lab.cluster.events("web-lan", NAMESPACE),
    )


@check(layer="neighbour")
def test_session(lab: Session) -> None:
    """The router has a BGP session with every node."""
    wanted = {str(node.lan) for node in lab.plan.nodes.values()}

    def established() -> set[str]:
        return {
            address
            for address, session in lab.router.sessions().items()
            if session.established and "ipv4Unicast" in session.families
        }

    addresses = until(
        "session",
        established,
        wanted.__eq__,
        extra=partial(until_redialled, lab),
    )
    expect(
        "sessions with",
        expected=wanted,
        actual=addresses,
        seen_by="vtysh -c 'show bgp summary' on router",
        evidence=lambda: lab.router.vtysh("show bgp summary").text,
    )


@check(layer="route", needs=("vips", "session"))
def test_route(lab: Session) -> None:
    """The router sends web's traffic only to the nodes that serve it."""
    vip = str(lab.plan.bgp_vip)
    wanted, hops = until(
        "route",
        lambda: (
            node_addresses(lab, _serving_nodes(lab, "web")),
            next_hops(lab, vip),
        ),
        lambda state: bool(state[0]) and state[0] == state[1],
    )
    expect(
        f"the next hops of {vip} to be those of a ready pod, learnt by BGP,",
        expected=wanted or "and there is no ready pod",
        actual=hops or "none",
        ok=bool(wanted) and wanted == hops,
        seen_by=f"vtysh -c 'show ip route {vip}' on router",
        evidence=lambda: lab.router.vtysh(f"show ip route {vip}").text,
    )
    expect_own_route(lab, vip)


def _send_flows(lab: Session, paths: list[ClientPath]) -> None:
    """Send flows, and leave them for check `client_address`."""
    flows = run_parallel(expect_no_loss, paths)
    lab.shared.setdefault("flows", []).extend(zip(paths, flows, strict=True))


@check(
    layer="forwarding",
    needs=("arp", "route"),
    exclusive=True,
    look=lambda lab: _send_flows(lab, _paths(lab)),
)
def test_no_loss(lab: Session) -> None:
    """No flow to web or web-lan is lost, whichever client sends it."""
    _send_flows(lab, _paths(lab))
    with _others(lab) as others:
        *paths, last = _paths_of(lab, others, *_vips(lab))
        _send_flows(lab, [*paths, _path_of_colleague(lab), last])


@check(layer="forwarding", needs=("no_loss",))
def test_billing(lab: Session) -> None:
    """billing answers at its VIP, and not through the control plane."""
    vip = str(lab.plan.bgp_neighbour_vip)
    control_plane = str(lab.plan.nodes["control-plane"].lan)
    hops = until(
        "route",
        partial(next_hops, lab, vip),
        lambda hops: hops and control_plane not in hops,
    )
    expect(
        f"the next hops of {vip} to be",
        expected="workers",
        actual=hops or "none",
        ok=bool(hops) and control_plane not in hops,
        seen_by=f"vtysh -c 'show ip route {vip}' on router",
        evidence=lambda: lab.router.vtysh(f"show ip route {vip}").text,
    )
    expect_vip(lab, "billing", NEIGHBOURS, vip)
    expect_no_loss(ClientPath(lab.client, vip, ""), url_path="/")


@check(layer="source-ip", needs=("no_loss",))
def test_client_address(lab: Session) -> None:
    """web sees every client's own address, not that of a node or router."""
    for path, flows in lab.shared["flows"]:
        expect_source_ip(path, flows)
    run_parallel(expect_source_port, _paths(lab))


@check(layer="forwarding", needs=("no_loss",), variants=("shared-address",))
def test_shared(lab: Session) -> None:
    """web answers by UDP, too, at the same VIP."""
    own = str(lab.plan.machines["client"].edge)
    path = ClientPath(lab.client, str(lab.plan.bgp_vip), own)
    expect_udp_source_ip(path, 80)


@check(layer="endpoint", needs=("arp",))
def test_controller(lab: Session) -> None:
    """A controller would recreate web's pod, and endpoints would follow it."""
    for name in ("web", "web-lan"):
        expect_followed_pods(lab, name, NAMESPACE)


@check(layer="endpoint", needs=("client_address",), exclusive=True)
def test_other_node(lab: Session) -> None:
    """The VIPs follow a pod to any worker, tested with the grader's pods."""
    workers = lab.plan.worker_names()
    with (
        _others(lab) as others,
        probe_workload(lab, NAMESPACE, ("web", "web-lan"), workers) as probe,
    ):
        vip, lan_vip = probe.vip("web"), probe.vip("web-lan")
        expect(
            "Services like web and web-lan to get",
            expected="VIPs",
            actual=[vip or "<pending>", lan_vip or "<pending>"],
            ok=bool(vip and lan_vip),
            seen_by=SEE_POOLS,
        )
        for name in workers:
            probe.move_to(name)
            expect_next_hop(lab, vip, name)
            paths = _paths_to(lab, vip, lan_vip)
            run_parallel(wait_until_open, paths)
            # For a moment kube-proxy still leads to the pod before.
            served = partial(expect_served_by, pod=probe.pods[name], node=name)
            _expect_source_ips(served, paths)
            _expect_source_ips(
                partial(expect_no_loss, node=name),
                _paths_of(lab, others, vip, lan_vip),
            )


@check(layer="policy", needs=("arp",))
def test_placement(lab: Session) -> None:
    """One copy of web runs, on a worker, and a rollout runs no second one."""
    workers = {*lab.plan.worker_names()}
    pod = expect_one_copy(lab, NAMESPACE, "web", workers)
    for name in ("web", "web-lan"):
        pods = lab.cluster.ready_pods(NAMESPACE, name)
        expect(
            f"{name} to be served by",
            expected=pod,
            actual=pods,
            seen_by=SEE_SLICES.format(name=name),
        )
    expect_no_surge(lab, NAMESPACE, "web")
    expect_none_planned(lab, NAMESPACE)


@check(layer="policy")
def test_static_entries(lab: Session) -> None:
    """No machine has an address, neighbour entry or route for VIPs."""
    expect_no_static_entries(lab, sorted(lab.cluster.vips()))
    expect_no_stray_routes(lab)


@check(layer="policy", needs=("vips",))
def test_webhook(lab: Session) -> None:
    """One controller of MetalLB runs; its webhook refuses invalid objects."""
    expect_one_controller(lab)
    expect_validated(lab)


@check(layer="endpoint", needs=("other_node", "placement"), disruptive=True)
def test_drain(lab: Session) -> None:
    """web's pod moves when its worker is drained, and the VIPs follow it."""
    workers = lab.plan.worker_names()
    pods = lab.cluster.pod_selector("web", NAMESPACE)
    (node,) = lab.cluster.pod_nodes(NAMESPACE, pods).values()
    (other,) = {*workers} - {node}
    vip, lan_vip = _vips(lab)
    with (
        restored_placement(lab, NAMESPACE, pods, workers),
        cordoned(lab, node),
    ):
        evict_pods(lab, NAMESPACE, pods)
        expect_moved(lab, NAMESPACE, "web", other)
        expect_next_hop(lab, vip, other)
        expect_responder(lab, lan_vip, other)
        _expect_source_ips(partial(expect_no_loss, node=other), _paths(lab))
        with _others(lab) as others:
            _expect_source_ips(
                expect_no_loss, _paths_of(lab, others, vip, lan_vip)
            )
    expect_pending(lab, NAMESPACE, "web", workers)


def _expect_source_ips(
    send: Callable[[ClientPath], Flows], paths: list[ClientPath]
) -> None:
    """Fail unless the flows of each path were seen from its own address."""
    for path, flows in zip(paths, run_parallel(send, paths), strict=True):
        expect_source_ip(path, flows)


def _paths(lab: Session) -> list[ClientPath]:
    """Return the clients' paths to web and web-lan."""
    return _paths_to(lab, *_vips(lab))


def _vips(lab: Session) -> tuple[str, str]:
    """Return the VIPs of web and of web-lan."""
    return lab.cluster.vip("web", NAMESPACE), lab.cluster.vip(
        "web-lan", NAMESPACE
    )


def _paths_to(lab: Session, vip: str, lan_vip: str) -> list[ClientPath]:
    machines = lab.plan.machines
    client = str(machines["client"].edge)
    lan_client = str(machines["lan-client"].lan)
    return [
        ClientPath(lab.client, vip, client),
        ClientPath(lab.lan_client, lan_vip, lan_client),
        ClientPath(lab.client, lan_vip, client),
    ]


@contextlib.contextmanager
def _others(lab: Session) -> Iterator[tuple[list[str], str]]:
    """Give both clients extra addresses, at random; yield these."""
    with (
        extra_source_addresses(lab) as sources,
        extra_lan_address(lab) as colleague,
    ):
        yield sources, colleague


def _paths_of(
    lab: Session, others: tuple[list[str], str], vip: str, lan_vip: str
) -> list[ClientPath]:
    """Return the paths of the clients' extra addresses to web and web-lan."""
    sources, colleague = others
    return [
        *paths_from(lab, sources, vip, lan_vip),
        ClientPath(lab.lan_client, lan_vip, colleague, colleague),
    ]


def _path_of_colleague(lab: Session) -> ClientPath:
    """Return the path to web-lan of another machine on the LAN."""
    role = random.choice(("dhcp", "router"))  # noqa: S311 - no secret
    own = str(lab.plan.machines[role].lan)
    vip = lab.cluster.vip("web-lan", NAMESPACE)
    return ClientPath(Client(lab.machine(role)), vip, own)


def _serving_nodes(lab: Session, name: str) -> frozenset[str]:
    """Return the nodes that serve a Service, by its traffic policy.

    With policy Cluster every node that may announce also forwards; that this
    loses the client's address is for another check.
    """
    service = lab.cluster.service(name, NAMESPACE)
    ready = lab.cluster.ready_nodes(NAMESPACE, name)
    policy = (service or {"spec": {}})["spec"].get("externalTrafficPolicy")
    if policy == "Local" or not ready:
        return ready
    return frozenset(lab.plan.worker_names())
