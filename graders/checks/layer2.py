"""What a lab about Layer 2 asks of the pools and the nodes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from graders.checks.check import expect
from graders.checks.services import (
    outputs_by_machine,
    pool_of,
    run_parallel,
    unused_addresses,
)
from graders.errors import CannotCheck
from graders.plan.l2_election import owner
from graders.polling import until
from graders.probes.client import Client

if TYPE_CHECKING:
    from graders.checks.session import Session

STORAGE: Final = "eth1"
SEE_STATUS: Final = "kubectl get servicel2statuses -n metallb-system -o yaml"


def address_control_plane_would_win(lab: Session, vip: str) -> str:
    """Return a free address that the control plane would announce, if let.

    It is of the pool that has `vip`; "" if there is none. Of an address
    that a worker wins anyway nobody can tell who else may take part.
    """
    pools = lab.cluster.pools()
    control = lab.plan.machine_name("control-plane")
    names = lab.plan.node_names()
    return next(
        (
            str(address)
            for address in unused_addresses(
                lab, pools.get(pool_of(lab, vip), [])
            )
            if owner(names, address) == control
        ),
        "",
    )


def expect_ready(lab: Session, name: str, space: str) -> None:
    """Fail unless a Service has a ready endpoint in time."""
    look = partial(lab.cluster.ready_nodes, space, name)
    nodes = until("announce", look, bool)
    expect(
        f"the ready endpoints of {name} to be on",
        expected="a node",
        actual=nodes,
        ok=bool(nodes),
        seen_by="kubectl get endpointslices"
        f" -l kubernetes.io/service-name={name} -n {space}",
    )


def expect_announced(lab: Session, name: str, space: str) -> None:
    """Fail unless a node says in time that it announces a new Service."""
    look = partial(lab.cluster.announcers, name, space)
    nodes = until("announce", look, bool)
    expect(
        "a new Service to be announced by",
        expected="a node",
        actual=list(nodes),
        ok=bool(nodes),
        seen_by=SEE_STATUS,
        evidence=lambda: lab.cluster.events(name, space),
    )


def expect_unannounced(lab: Session, service: tuple[str, str, str]) -> None:
    """Fail if anybody announces or answers for a Service's address.

    The Service is given by name, namespace and address. Whoever announces it
    is asked last: the request takes a second, which a slow speaker may need.
    """
    name, space, address = service
    arp = lab.lan_client.arping(address, 1)
    nodes = lab.cluster.announcers(name, space)
    expect(
        f"ARP for the private {address} to be answered by",
        expected="nobody",
        actual=[*nodes, *arp.macs],
        ok=not nodes and not arp.macs,
        seen_by=f"{arp.command} on lan-client",
        evidence=arp.text,
    )


def expect_off_storage(lab: Session, vip: str, names: list[str]) -> None:
    """Fail if the desk hears of `vip` on the storage network.

    What keeps it from there is nothing to this: an advertisement's
    interfaces do, and so does what the speakers leave out. The nodes with
    these names, which announce it, are heard there under addresses of their
    own, or the silence says nothing.

    Raises:
        CannotCheck: the desk or a node is not on the storage network.

    """
    desk = Client(lab.machine("desk"))
    if desk.machine.run("ip", "link", "show", STORAGE).code:
        raise CannotCheck(
            f"the desk has no {STORAGE}, so it hears no storage network",
            way_out="`lab reset` brings it back",
        )
    roles = {
        role: str(lab.plan.storage_addresses[role])
        for role, node in lab.plan.nodes.items()
        if node.name in names
    }
    for role, address in roles.items():
        look = ("ip", "-o", "-4", "address", "show", "dev", STORAGE)
        if f" {address}/" not in lab.machine(role).run(*look).out:
            raise CannotCheck(
                f"{role} is not at {address} on the storage network",
                way_out="`lab reset` lays it again",
            )
    own = [*roles.values()]
    asked = [*own, vip]
    *present, told = run_parallel(
        lambda address: desk.arping(address, 1, STORAGE), asked
    )
    for address, arp in zip(own, present, strict=True):
        expect(
            f"the storage network to be as it was: ARP for {address} to be"
            " answered by",
            expected="the node that has it",
            actual=arp.macs or "nobody",
            ok=bool(arp.macs),
            seen_by=f"{arp.command} on desk",
            evidence=arp.text,
        )
    expect(
        "ARP for the VIP on the storage network to be answered by",
        expected="nobody",
        actual=told.macs,
        ok=not told.macs,
        seen_by=f"{told.command} on desk",
        evidence=told.text,
    )


def expect_no_static_neighbour(lab: Session, vip: str) -> None:
    """Fail if router or LAN client know by hand whose MAC `vip` has.

    They would go on sending to that node when another one has taken it.
    """
    roles = ("router", "lan-client")
    look = ("ip", "-4", "neighbour", "show", "to", vip, "nud", "permanent")
    found = outputs_by_machine(lab, roles, *look)
    expect(
        f"a fixed neighbour entry for {vip} to be on",
        expected="no machine",
        actual=list(found),
        ok=not found,
        seen_by=f"{' '.join(look)} on {next(iter(found), 'router')}",
        evidence="\n".join(found.values()),
    )
