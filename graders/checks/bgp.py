"""What a lab about BGP asks of the router and the speakers."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graders.checks.check import expect
from graders.checks.objects import LABELS, service_from, temporary_object
from graders.errors import CannotCheck
from graders.polling import until
from graders.probes.cluster import METALLB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.checks.session import Session

_SPACE: Final = "metallb-system"
_SESSIONS: Final = "show bgp neighbors json"


@dataclass(frozen=True)
class Neighbour:
    """A session as the router has negotiated it; `hold` is in seconds."""

    state: str
    local_as: int
    remote_as: int
    hold: float


def announcing_nodes(lab: Session) -> dict[str, str]:
    """Return the nodes that may announce a VIP, and their addresses.

    The control plane has a session, too, and nothing to say.
    """
    workers = lab.plan.worker_names()
    return {
        node.name: str(node.lan)
        for node in lab.plan.nodes.values()
        if node.name in workers
    }


def node_names(lab: Session, addresses: frozenset[str]) -> list[str]:
    """Return the names of the nodes with these addresses."""
    names = {str(node.lan): node.name for node in lab.plan.nodes.values()}
    return sorted(names.get(one, one) for one in addresses)


def kernel_route(lab: Session, address: str) -> tuple[str, list[str]]:
    """Return who made the kernel's route, and the names of its next hops."""
    route = lab.router.fib(address)
    if route is None:
        return "", []
    return route.protocol, node_names(lab, route.next_hops)


def neighbours(lab: Session) -> dict[str, Neighbour]:
    """Return the router's neighbours by address, none without router bgp.

    Raises:
        CannotCheck: the router is not there, or its BGP does not answer.

    """
    return {
        address: Neighbour(
            told["bgpState"],
            told["localAs"],
            told["remoteAs"],
            told.get("bgpTimerHoldTimeMsecs", 0) / 1000,
        )
        for address, told in lab.router.ask(_SESSIONS).items()
        if isinstance(told, dict) and "bgpState" in told
    }


def expect_session(
    lab: Session, name: str, address: str, peer: Neighbour | None
) -> None:
    """Fail unless the router's session with a node is up and as agreed."""
    expect(
        f"the session of the router with {name} to be",
        expected="Established",
        actual=peer.state if peer else "not configured",
        seen_by="vtysh -c 'show bgp ipv4 unicast summary' on router",
        evidence=lambda: lab.router.vtysh("show bgp summary").text,
    )
    expect(
        f"the AS numbers of router and {name} to be",
        expected=(lab.plan.router_asn, lab.plan.cluster_asn),
        actual=peer and (peer.local_as, peer.remote_as),
        seen_by=f"vtysh -c 'show bgp neighbors {address}' on router",
    )


def bgp_announcers(lab: Session, name: str, namespace: str) -> frozenset[str]:
    """Return the nodes whose speakers say that they announce a Service.

    They say so whatever becomes of their sessions.

    Raises:
        CannotCheck: the API server does not answer.

    """
    found = [
        item.get("status", {})
        for item in lab.cluster.items(f"{METALLB}/servicebgpstatuses")
    ]
    return frozenset(
        told.get("node", "")
        for told in found
        if told.get("serviceName") == name
        and told.get("serviceNamespace") == namespace
        and told.get("peers")
    )


@contextlib.contextmanager
def advertise_foreign_prefix(lab: Session, namespace: str) -> Iterator[str]:
    """Have the speakers announce what the router must not accept.

    A pool beside the agreed one, its advertisement and a Service are made,
    and removed in any case. Yields the address once all workers announce it;
    that another node does, too, is for the check to judge.

    Raises:
        CannotCheck: the API refuses, or a worker does not announce it.

    """
    name = f"grader-{secrets.token_hex(3)}"
    pool = _object("IPAddressPool", name, autoAssign=False)
    pool["spec"]["addresses"] = [str(lab.plan.foreign_pool)]
    announce = _object("BGPAdvertisement", name, ipAddressPools=[name])
    with (
        temporary_object(lab, f"{METALLB}/ipaddresspools", pool),
        temporary_object(lab, f"{METALLB}/bgpadvertisements", announce),
        service_from(lab, namespace, name) as service,
    ):
        said = until(
            "fresh",
            partial(bgp_announcers, lab, service, namespace),
            announcing_nodes(lab).keys().__le__,
        )
        if not announcing_nodes(lab).keys() <= said:
            raise CannotCheck(
                "the workers do not announce the grader's own Service",
                way_out="see `kubectl get configurationstates -A`",
            )
        yield lab.cluster.vip(service, namespace)


def _object(kind: str, name: str, **spec: object) -> dict[str, Any]:
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": kind,
        "metadata": {"name": name, "namespace": _SPACE, "labels": LABELS},
        "spec": spec,
    }
