"""BGP: the router's sessions, and what speakers announce to it."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Final

from graders.checks.check import expect
from graders.errors import CheckFailed

if TYPE_CHECKING:
    from graders.checks.session import Session
    from graders.probes.router import BgpSession
    from graders.providers.machine import Output

BGP_PORT: Final = "179"
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
    """Return the nodes whose speakers announce a Service.

    They report it whether or not their sessions are up. A speaker that was
    restarted may not report it again; then what the router has accepted from
    it shows it.

    Example:
        nodes = bgp_announcers(lab, "web", "lab-3")

    Raises:
        CannotCheck: the API server does not answer.

    """
    reported = lab.cluster.bgp_reporters(name, namespace)
    if announcing_nodes(lab).keys() <= reported:
        return reported
    vip = lab.cluster.vip(name, namespace)
    # That FRR is stopped is for another check to say.
    with contextlib.suppress(CheckFailed):
        hops = lab.router.next_hops(f"{vip}/32")
        reported |= {*node_names(lab, hops)} & {*lab.plan.node_names()}
    return reported


def passwords(configuration: str) -> dict[str, str]:
    """Return the password of each neighbour in FRR's configuration.

    A neighbour without one inherits that of its peer group. Neighbours of a
    listen range are not in the configuration, and so not here.
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


def expect_bgp_port(lab: Session, role: str) -> None:
    """Fail unless a node's session goes to port 179 of the router.

    The speaker opens the connection, so this is the port that it was
    configured with, even if it is translated on the way.

    Example:
        expect_bgp_port(lab, "worker")

    Raises:
        CheckFailed: the node has no connection to this port, or cannot list
            its connections.
        CannotCheck: the node does not answer.

    """
    plan = lab.plan
    router = str(plan.machines["router"].lan)
    command = ("ss", "-Htn", "state", "established", "dst", router)
    result = lab.machine(role).run(*command)
    _expect_listed(role, result)
    # The address there is the last word.
    ports = _ports(result.out, -1)
    expect(
        f"the port of the router to which {plan.nodes[role].name} speaks BGP"
        " to be",
        expected=BGP_PORT,
        actual=ports,
        ok=BGP_PORT in ports,
        seen_by=f"{' '.join(command)} on {role}",
        evidence=result.out,
    )


def expect_router_listens(lab: Session) -> None:
    """Fail unless the router itself listens on BGP's port.

    Connections to this port may be redirected to another one.

    Example:
        expect_router_listens(lab)

    Raises:
        CheckFailed: it listens on other ports only, or cannot list them.
        CannotCheck: the router does not answer.

    """
    command = ("ss", "-Htln")
    result = lab.machine("router").run(*command)
    _expect_listed("router", result)
    # The local address is the last but one word.
    ports = _ports(result.out, -2)
    expect(
        "the port on which the router listens for BGP to be",
        expected=BGP_PORT,
        actual="not open",
        ok=BGP_PORT in ports,
        seen_by=f"{' '.join(command)} on router",
        evidence=result.out,
    )


def _expect_listed(role: str, result: Output) -> None:
    """Fail if `ss` did not run: only a person removes it."""
    expect(
        f"{role} to list its sockets,",
        expected="as it did at the start",
        actual=result.text,
        ok=not result.code,
        seen_by=f"{result.command} on {role}",
    )


def _ports(sockets: str, at: int) -> set[str]:
    """Return the ports of addresses at one place in the lines of `ss`."""
    rows = [line.split() for line in sockets.splitlines()]
    return {row[at].rpartition(":")[2] for row in rows if len(row) >= -at}
