"""BGP: the router's sessions, and what speakers announce to it."""

from __future__ import annotations

import contextlib
import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graders.checks.check import expect
from graders.checks.objects import (
    new_name,
    temporary_object,
    temporary_service,
)
from graders.errors import CannotCheck
from graders.kube.names import (
    MANAGED_BY_KIT,
    METALLB_NAMESPACE,
    METALLB_PATH,
)
from graders.polling import until
from graders.state.lab_state import read_baseline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.checks.session import Session
    from graders.probes.router import BgpSession

BGP_PORT: Final = "179"
# The exit code of `timeout` when it ended the command.
_TIMED_OUT: Final = 124
_NEIGHBOUR: Final = re.compile(
    r"^ *neighbor (\S+) (password|peer-group) (\S+)$", re.MULTILINE
)


def announcing_nodes(lab: Session) -> dict[str, str]:
    """Return the nodes that may announce a VIP, and their addresses.

    These are the workers. The control plane has a session as well, but is
    excluded from load balancing.

    Example:
        wanted = announcing_nodes(lab).keys()

    """
    workers = lab.plan.worker_names()
    return {
        node.name: str(node.lan)
        for node in lab.plan.nodes.values()
        if node.name in workers
    }


def node_names(lab: Session, addresses: frozenset[str]) -> list[str]:
    """Return the names of the nodes with these addresses.

    An address of another machine is returned as it is.

    Example:
        names = node_names(lab, lab.router.next_hops(f"{vip}/32"))

    """
    names = {str(node.lan): node.name for node in lab.plan.nodes.values()}
    return sorted(names.get(address, address) for address in addresses)


def kernel_route(lab: Session, address: str) -> tuple[str, list[str]]:
    """Return protocol and next hops of the router's kernel route.

    Both are empty without a route; next hops are names of nodes.

    Example:
        protocol, names = kernel_route(lab, vip)

    Raises:
        CannotCheck: the router does not answer.

    """
    route = lab.router.fib(address)
    if route is None:
        return "", []
    return route.protocol, node_names(lab, route.next_hops)


def expect_session(
    lab: Session, name: str, address: str, session: BgpSession | None
) -> None:
    """Fail unless the router's session with a node is up, with the right ASNs.

    Example:
        sessions = lab.router.sessions()
        expect_session(lab, node.name, address, sessions.get(address))

    Raises:
        CheckFailed: there is no session, it is down, or an AS number differs.

    """
    expect(
        f"the session of the router with {name} to be",
        expected="Established",
        actual=session.state if session else "not configured",
        seen_by="vtysh -c 'show bgp ipv4 unicast summary' on router",
        evidence=lambda: lab.router.vtysh("show bgp summary").text,
    )
    expect(
        f"the AS numbers of router and {name} to be",
        expected=(lab.plan.router_asn, lab.plan.cluster_asn),
        actual=session and (session.local_as, session.remote_as),
        seen_by=f"vtysh -c 'show bgp neighbors {address}' on router",
    )


def bgp_announcers(lab: Session, name: str, namespace: str) -> frozenset[str]:
    """Return the nodes whose speakers report that they announce a Service.

    They report it whether or not their sessions are up.

    Example:
        nodes = bgp_announcers(lab, "web", "lab-3")

    Raises:
        CannotCheck: the API server does not answer.

    """
    items = lab.cluster.items(f"{METALLB_PATH}/servicebgpstatuses")
    statuses = [item.get("status", {}) for item in items]
    return frozenset(
        status.get("node", "")
        for status in statuses
        if status.get("serviceName") == name
        and status.get("serviceNamespace") == namespace
        and status.get("peers")
    )


@contextlib.contextmanager
def advertise_foreign_prefix(lab: Session, namespace: str) -> Iterator[str]:
    """Have the speakers announce an address that the router must not accept.

    For this, a pool outside the agreed one, an advertisement and a Service
    are created, and removed at the end. Yields the address once all workers
    announce it.

    Example:
        with advertise_foreign_prefix(lab, "lab-3") as address:
            accepted = lab.router.prefixes()

    Raises:
        CannotCheck: the API server refuses, or a worker does not announce it.

    """
    name = new_name()
    pool = _object("IPAddressPool", name, autoAssign=False)
    pool["spec"]["addresses"] = [str(lab.plan.foreign_pool)]
    advertisement = _object("BGPAdvertisement", name, ipAddressPools=[name])
    workers = announcing_nodes(lab).keys()
    with (
        temporary_object(lab, f"{METALLB_PATH}/ipaddresspools", pool),
        temporary_object(
            lab, f"{METALLB_PATH}/bgpadvertisements", advertisement
        ),
        temporary_service(lab, namespace, pool=name) as service,
    ):
        nodes = until(
            "new-service",
            partial(bgp_announcers, lab, service, namespace),
            workers.__le__,
        )
        if not workers <= nodes:
            raise CannotCheck(
                "the workers do not announce the grader's own Service",
                remedy="see `kubectl get configurationstates -A`",
            )
        yield lab.cluster.vip(service, namespace)


def _object(kind: str, name: str, **spec: object) -> dict[str, Any]:
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": METALLB_NAMESPACE,
            "labels": MANAGED_BY_KIT,
        },
        "spec": spec,
    }


def passwords(configuration: str) -> dict[str, str]:
    """Return the password of each neighbour in FRR's configuration.

    A neighbour without one inherits that of its peer group.
    """
    lines = _NEIGHBOUR.findall(configuration)
    own = {peer: text for peer, option, text in lines if option == "password"}
    groups = {
        peer: text for peer, option, text in lines if option == "peer-group"
    }
    inherited = {
        peer: own[group] for peer, group in groups.items() if group in own
    }
    return inherited | own


def expect_passwords_kept(lab: Session) -> None:
    """Fail unless the router has the passwords of the lab's start.

    Nothing outside shows which password a session uses, so this check reads
    the router's configuration.

    Example:
        expect_passwords_kept(lab)

    Raises:
        CheckFailed: the router has another password for a node, or none.
        CannotCheck: the start of the lab was not recorded.

    """
    baseline = read_baseline(lab.plan) or {}
    recorded = passwords(baseline.get("router", {}).get("configuration", ""))
    if not recorded:
        raise CannotCheck(
            "the router's password of the lab's start was not recorded",
            remedy="`lab reset` starts the lab again",
        )
    current = passwords(lab.router.config())
    for node in lab.plan.nodes.values():
        password = current.get(str(node.lan), "")
        expect(
            f"the password that the router asks {node.name} for to be",
            expected="the one that it asked for at the start",
            actual="another one" if password else "none",
            ok=password == recorded.get(str(node.lan), ""),
            seen_by="vtysh -c 'show running-config' on router",
        )


def expect_unsigned_dropped(lab: Session) -> None:
    """Fail unless the router ignores a connection without a password.

    A refused connection proves nothing: it shows that no program listens or
    that a filter is in place. The positive control is the same node's
    session.

    Example:
        expect_unsigned_dropped(lab)

    Raises:
        CheckFailed: the router accepts or refuses the connection.
        CannotCheck: the worker does not answer.

    """
    router = lab.plan.machines["router"].lan
    connect = f"exec 3<>/dev/tcp/{router}/{BGP_PORT}"
    result = lab.machine("worker").run("timeout", "1", "bash", "-c", connect)
    expect(
        "a connection to the router without a password to be",
        expected="left without an answer",
        actual="refused" if result.code else "accepted",
        ok=result.code == _TIMED_OUT,
        seen_by=f"timeout 1 bash -c '{connect}' on worker",
        evidence=result.text,
    )


def expect_bgp_port(lab: Session, role: str) -> None:
    """Fail unless a node's session goes to port 179 of the router.

    The speaker opens the connection, so this is the port that it was
    configured with, even if it is translated on the way.

    Example:
        expect_bgp_port(lab, "worker")

    Raises:
        CheckFailed: the node has no connection to this port.
        CannotCheck: the node cannot list its connections.

    """
    router = str(lab.plan.machines["router"].lan)
    command = ("ss", "-Htn", "state", "established", "dst", router)
    result = lab.machine(role).run(*command)
    if result.code:
        raise CannotCheck(f"{role} cannot list its connections: {result.text}")
    ports = {
        line.split()[-1].rpartition(":")[2] for line in result.out.splitlines()
    }
    expect(
        f"the port of the router to which {lab.plan.nodes[role].name} speaks"
        " BGP to be",
        expected=BGP_PORT,
        actual=ports,
        ok=BGP_PORT in ports,
        seen_by=f"{' '.join(command)} on {role}",
        evidence=result.out,
    )
