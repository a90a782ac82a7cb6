"""externalTrafficPolicy: announcements that follow a Service's pods."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graders.checks.check import expect
from graders.checks.layer2 import arp_responders
from graders.checks.workload import cordoned
from graders.polling import until
from graders.probes.cluster import runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from graders.checks.session import Session

UNSCHEDULED: Final = "no node"


def expect_responder(lab: Session, vip: str, name: str) -> None:
    """Fail unless node `name`, and no other machine, answers ARP for a VIP.

    Example:
        expect_responder(lab, vip, node)

    Raises:
        CheckFailed: another machine answers, or none.
        CannotCheck: the LAN client does not answer, or a node is gone.

    """
    responders = until(
        "arp",
        partial(arp_responders, lab, vip),
        lambda responders: responders.names == (name,),
    )
    expect(
        f"ARP for {vip}, whose pod is on {name}, to be answered by",
        expected=name,
        actual=responders.names or "none",
        ok=responders.names == (name,),
        seen_by=responders.seen_by,
        evidence=responders.text,
    )


def node_addresses(lab: Session, names: Iterable[str]) -> set[str]:
    """Return the LAN addresses of nodes.

    Example:
        addresses = node_addresses(lab, lab.cluster.ready_nodes(space, "web"))

    """
    wanted = {*names}
    nodes = lab.plan.nodes.values()
    return {str(node.lan) for node in nodes if node.name in wanted}


def next_hops(lab: Session, vip: str) -> set[str]:
    """Return the next hops that the router's kernel uses for a VIP.

    A next hop that was not learnt by BGP is followed by its protocol.

    Example:
        addresses = next_hops(lab, vip)

    Raises:
        CannotCheck: the router does not answer.

    """
    route = lab.router.fib(vip)
    if route is None:
        return set()
    if route.protocol != "bgp":
        protocol = route.protocol or "added manually"
        return {f"{hop} ({protocol})" for hop in route.next_hops}
    return set(route.next_hops)


def expect_own_route(lab: Session, vip: str) -> None:
    """Fail unless the router's route to a VIP is for no other address.

    Another address of a shorter prefix may belong to a Service with pods on
    other nodes, today or tomorrow.

    Example:
        expect_own_route(lab, vip)

    Raises:
        CheckFailed: the route is for several addresses.
        CannotCheck: the router does not answer.

    """

    def prefix() -> str:
        route = lab.router.fib(vip)
        return route.prefix if route else "none"

    wanted = f"{vip}/32"
    found = until("route", prefix, wanted.__eq__)
    expect(
        f"the router's route to {vip} to be for that address alone,",
        expected=wanted,
        actual=found,
        seen_by=f"vtysh -c 'show ip route {vip}' on router",
        evidence=lambda: lab.router.vtysh(f"show ip route {vip}").text,
    )


def expect_next_hop(lab: Session, vip: str, name: str) -> None:
    """Fail unless node `name` is the router's only next hop for a VIP.

    Example:
        expect_next_hop(lab, vip, node)

    Raises:
        CheckFailed: the router has another next hop, or none.
        CannotCheck: the router does not answer.

    """
    wanted = node_addresses(lab, [name])
    hops = until("route", partial(next_hops, lab, vip), wanted.__eq__)
    expect(
        f"the next hops of a VIP whose pod is on {name} to be",
        expected=wanted,
        actual=hops or "none",
        ok=hops == wanted,
        seen_by="vtysh -c 'show ip route bgp' on router",
        evidence=lambda: lab.router.vtysh("show ip route bgp").text,
    )


def evict_pods(lab: Session, namespace: str, selector: str) -> None:
    """Evict the pods with these labels, as draining their nodes would.

    Example:
        evict_pods(lab, "lab-4", "app=web")

    Raises:
        Refused: a PodDisruptionBudget or another rule keeps a pod.
        CannotCheck: the API server does not answer.

    """
    for name in lab.cluster.pod_nodes(namespace, selector):
        path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace},
        }
        lab.cluster.ask("POST", path, eviction)


def _delete_pods(lab: Session, namespace: str, selector: str) -> None:
    for name in lab.cluster.pod_nodes(namespace, selector):
        path = f"/api/v1/namespaces/{namespace}/pods/{name}"
        lab.cluster.ask("DELETE", path)


@contextlib.contextmanager
def restored_placement(
    lab: Session, namespace: str, selector: str, workers: Sequence[str]
) -> Iterator[None]:
    """Move pods back to `workers` at the end, if they are elsewhere.

    Otherwise the next grading would find the lab as the check has left it.

    Example:
        with restored_placement(lab, "lab-4", "app=web", workers):
            evict_pods(lab, "lab-4", "app=web")

    Raises:
        CannotCheck: the API server refuses or does not answer.

    """
    try:
        yield
    finally:
        nodes = {*lab.cluster.pod_nodes(namespace, selector).values()}
        if nodes - {*workers}:
            _delete_pods(lab, namespace, selector)


def expect_moved(lab: Session, namespace: str, app: str, to: str) -> None:
    """Fail unless Service `app` gets ready on node `to`, and on no other.

    Example:
        expect_moved(lab, "lab-4", "web", other)

    Raises:
        CheckFailed: it is ready elsewhere, or nowhere.
        CannotCheck: the API server does not answer.

    """
    nodes = until(
        "pods", partial(lab.cluster.ready_nodes, namespace, app), {to}.__eq__
    )
    expect(
        f"{app} to get ready, when its worker is drained, on",
        expected=to,
        actual=nodes or UNSCHEDULED,
        ok=nodes == {to},
        seen_by=f"kubectl get pods -n {namespace} -o wide",
    )


def expect_pending(
    lab: Session, namespace: str, app: str, workers: Sequence[str]
) -> None:
    """Fail unless the pods of `app` stay pending while no worker takes pods.

    `app` is the Service that selects them.

    At the end they are ready on a worker again.

    Example:
        expect_pending(lab, "lab-4", "web", lab.plan.worker_names())

    Raises:
        CheckFailed: a pod runs on another node.
        CannotCheck: the API server refuses or does not answer.

    """
    selector = lab.cluster.pod_selector(app, namespace)
    with cordoned(lab, *workers):
        evict_pods(lab, namespace, selector)
        pods = until(
            "pods",
            partial(placements, lab, namespace, selector),
            lambda pods: pods and all(pods.values()),
        )
        nodes = {*pods.values()}
    if nodes - {UNSCHEDULED}:
        _delete_pods(lab, namespace, selector)
    until(
        "pods",
        partial(lab.cluster.ready_nodes, namespace, app),
        lambda nodes: nodes and nodes <= {*workers},
    )
    expect(
        f"{app} to wait, while {' and '.join(workers)} are drained, on",
        expected=UNSCHEDULED,
        actual=nodes,
        ok=nodes == {UNSCHEDULED},
        seen_by=f"kubectl get deployment {app} -n {namespace}"
        " -o jsonpath='{.spec.template.spec.tolerations}'",
    )


def placements(lab: Session, namespace: str, selector: str) -> dict[str, str]:
    """Return the node of each pod, "" until the scheduler has decided.

    UNSCHEDULED means that the scheduler has found no node.

    Example:
        nodes = placements(lab, "lab-4", "app=web")

    Raises:
        CannotCheck: the API server does not answer.

    """
    pods = lab.cluster.items(
        f"/api/v1/namespaces/{namespace}/pods?labelSelector={selector}"
    )
    return {
        pod["metadata"]["name"]: _placement(pod) for pod in pods if runs(pod)
    }


def _placement(pod: dict[str, Any]) -> str:
    conditions = pod["status"].get("conditions", [])
    refused = any(item.get("reason") == "Unschedulable" for item in conditions)
    return pod["spec"].get("nodeName", "") or (UNSCHEDULED if refused else "")
