"""Layer 2: who answers ARP for a VIP, and which speakers announce it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from graders.checks.check import expect, fail
from graders.checks.memberlist import can_meet
from graders.checks.parallel import run_parallel
from graders.checks.pools import pool_of, unused_addresses
from graders.checks.static_entries import find_static_entries
from graders.kube.names import METALLB_NAMESPACE
from graders.plan.l2_election import owner
from graders.plan.plan import NODE_HOSTS
from graders.polling import until
from graders.probes.client import Client
from graders.probes.programs import run_program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from graders.checks.session import Session

T = TypeVar("T")

STORAGE: Final = "eth1"
SEE_STATUS: Final = (
    f"kubectl get servicel2statuses -n {METALLB_NAMESPACE} -o yaml"
)


@dataclass(frozen=True)
class Responders:
    """The machines that answer ARP for an address, as the LAN client sees it.

    `names` has nodes by name and others by MAC; `seen_by` is the command
    that shows them, and `text` its output.
    """

    names: tuple[str, ...]
    seen_by: str
    text: str


def arp_responders(
    lab: Session,
    address: str,
    count: int = 2,
    others: Mapping[str, str] | None = None,
) -> Responders:
    """Return who answers `count` ARP requests for an address.

    A slower machine is heard only with the second request. `others` are
    names by MAC of machines that are no nodes.

    Example:
        names = arp_responders(lab, vip).names

    Raises:
        CannotCheck: the LAN client does not answer, or a node is gone.

    """
    arp = lab.lan_client.arping(address, count)
    known = {**lab.node_macs, **(others or {})} if arp.macs else {}
    names = tuple(known.get(mac, f"{mac}, no node") for mac in arp.macs)
    return Responders(names, f"{arp.command} on lan-client", arp.text)


def expect_one_responder(lab: Session, vip: str, count: int = 2) -> str:
    """Fail unless exactly one node answers ARP for a VIP; return its name.

    Example:
        node = expect_one_responder(lab, vip)

    Raises:
        CheckFailed: no machine answers, several do, or one that is no node.
        CannotCheck: the LAN client does not answer, or a node is gone.

    """
    responders = until_converged(
        "arp",
        partial(arp_responders, lab, vip, count),
        lambda responders: len(responders.names) == 1,
        partial(speakers_diverged, lab, vip),
        # No speaker announces what no Service has been given.
        hopeless=lambda responders: (
            not responders.names and vip not in lab.cluster.allocated()
        ),
    )
    names = responders.names
    if not names:
        fail(
            f"expected one answer to ARP for {vip}, not none",
            seen_by=responders.seen_by,
            evidence=responders.text,
        )
    expect(
        f"ARP for {vip} to be answered by",
        expected="one node",
        actual=names,
        ok=len(names) == 1 and names[0] in lab.node_macs.values(),
        seen_by=responders.seen_by,
        evidence=responders.text,
    )
    return names[0]


def until_converged(  # noqa: PLR0913 - all that a wait may depend on
    wait: str,
    probe: Callable[[], T],
    ok: Callable[[T], object],
    diverged: Callable[[], bool],
    *,
    hopeless: Callable[[T], object] = lambda _: False,
) -> T:
    """Wait as `until` does, and longer while speakers have `diverged`.

    A value that is `hopeless` ends the wait: no speaker will change it.

    When several speakers restart within 30 s, a third one may still gossip
    that their nodes have left (memberlist keeps departed members for 30 s).
    Two nodes then announce one VIP until the next probe of lost members, up
    to 60 s later (MetalLB, internal/speakerlist).

    Example:
        diverged = partial(speakers_diverged, lab, vip)
        nodes = until_converged("announce", announcers, bool, diverged)

    Raises:
        KitError: there is no wait of this name.

    """
    value = until(wait, probe, ok, hopeless=hopeless)
    if ok(value) or hopeless(value):
        return value
    # They may have agreed since the last probe.
    return until("diverged", probe, ok) if diverged() else probe()


def speakers_diverged(lab: Session, vip: str) -> bool:
    """Tell whether the speakers of several nodes answer ARP for a VIP.

    The status that speakers write does not show it, because each overwrites
    that of the other. Other causes of several answers are excluded: a machine
    that is no node, a VIP on an interface, and a filter between the speakers,
    which time does not heal.

    Example:
        speakers_diverged(lab, vip)

    Raises:
        CannotCheck: a machine does not answer.

    """
    names = {*arp_responders(lab, vip).names}
    if len(names) <= 1 or names - {*lab.node_macs.values()}:
        return False
    entries = find_static_entries(lab, [vip], lab.plan.nodes)
    if any(entry.answers_arp for _, entry in entries):
        return False
    return can_meet(lab)


def address_control_plane_would_win(lab: Session, vip: str) -> str:
    """Return an unused address of the VIP's pool, "" if there is none.

    MetalLB's election for this address would be won by the control plane, if
    it took part. Of an address that a worker wins anyway, nothing shows
    whether the control plane takes part.

    Example:
        address = address_control_plane_would_win(lab, vip)

    Raises:
        CannotCheck: the API server does not answer.

    """
    ranges = lab.cluster.pools().get(pool_of(lab, vip), [])
    control_plane = lab.plan.machine_name("control-plane")
    names = lab.plan.node_names()
    addresses = (
        str(address)
        for address in unused_addresses(lab, ranges)
        if owner(names, address) == control_plane
    )
    return next(addresses, "")


def expect_reported(lab: Session, service: tuple[str, str], node: str) -> None:
    """Fail unless MetalLB says that a node announces a Service.

    `service` is its name and namespace, and the node answers ARP for its VIP,
    be it through MetalLB or not. Speakers write their status a moment later.

    Example:
        expect_reported(lab, ("web", "lab-1"), expect_one_responder(lab, vip))

    Raises:
        CheckFailed: no speaker says so.
        CannotCheck: the API server does not answer.

    """
    name, namespace = service
    nodes = until(
        "announce",
        partial(lab.cluster.l2_announcers, name, namespace),
        lambda nodes: node in nodes,
    )
    expect(
        f"{node}, which answers ARP for {name}, to do so because MetalLB"
        " announces it from",
        expected=node,
        actual=[*nodes] or "no node",
        ok=node in nodes,
        seen_by=SEE_STATUS,
        evidence=partial(lab.cluster.events, name, namespace),
    )


def expect_announced(lab: Session, name: str, namespace: str) -> None:
    """Fail unless a speaker reports that it announces a new Service.

    Example:
        expect_announced(lab, name, "lab-2")

    Raises:
        CheckFailed: no speaker does.
        CannotCheck: the API server does not answer.

    """
    nodes = until(
        "announce", partial(lab.cluster.l2_announcers, name, namespace), bool
    )
    expect(
        "a new Service to be announced by",
        expected="a node",
        actual=list(nodes),
        ok=bool(nodes),
        seen_by=SEE_STATUS,
        evidence=partial(lab.cluster.events, name, namespace),
    )


def expect_unannounced(lab: Session, service: tuple[str, str, str]) -> None:
    """Fail if a Service's address is announced or answered for.

    `service` is its name, namespace and address. The status is read after
    the ARP request, whose second a slow speaker may need.

    Example:
        expect_unannounced(lab, ("ledger", "finance", address))

    Raises:
        CheckFailed: a speaker announces it, or a machine answers.
        CannotCheck: the LAN client or the API server does not answer.

    """
    name, namespace, address = service
    arp = lab.lan_client.arping(address, 1)
    nodes = lab.cluster.l2_announcers(name, namespace)
    expect(
        f"ARP for the private {address} to be answered by",
        expected="no machine",
        actual=[*nodes, *arp.macs],
        ok=not nodes and not arp.macs,
        seen_by=f"{arp.command} on lan-client",
        evidence=arp.text,
    )


def expect_off_storage(lab: Session, vip: str) -> None:
    """Fail if a machine answers ARP for a VIP on the storage network.

    The desk asks there. The positive control are the storage addresses of
    the nodes: these must be answered for.

    Example:
        expect_off_storage(lab, vip)

    Raises:
        CheckFailed: the VIP is answered for, or the network is not as it was.
        CannotCheck: the desk or a node does not answer.

    """
    run_parallel(
        partial(_expect_storage_address, lab), lab.plan.storage_addresses
    )
    addresses = [str(lab.plan.storage_addresses[role]) for role in NODE_HOSTS]
    desk = Client(lab.machine("desk"))
    *own, answer = run_parallel(
        lambda address: desk.arping(address, 1, STORAGE), [*addresses, vip]
    )
    for address, arp in zip(addresses, own, strict=True):
        expect(
            f"the storage network to be as it was: ARP for {address} to be"
            " answered by",
            expected="the node that has it",
            actual=arp.macs or "none",
            ok=bool(arp.macs),
            seen_by=f"{arp.command} on desk",
            evidence=arp.text,
        )
    expect(
        "ARP for the VIP on the storage network to be answered by",
        expected="no machine",
        actual=answer.macs,
        ok=not answer.macs,
        seen_by=f"{answer.command} on desk",
        evidence=answer.text,
    )


def _expect_storage_address(lab: Session, role: str) -> None:
    """Fail unless a machine has its address on the storage network.

    The lab's start has put it there, so that whoever takes it away, or the
    interface, takes the disks away.
    """
    address = str(lab.plan.storage_addresses[role])
    command = ("ip", "-o", "-4", "address", "show", "dev", STORAGE)
    result = run_program(lab.machine(role), *command)
    expect(
        f"the storage network to be as it was, and {STORAGE} of {role} to"
        " have",
        expected=address,
        actual=f"no such interface: {result.error.strip()}"
        if result.code
        else _addresses(result.out) or "no address",
        ok=f" {address}/" in result.out,
        seen_by=f"{' '.join(command)} on {role}",
        evidence=result.text,
    )


def _addresses(text: str) -> list[str]:
    """Return the addresses that `ip -o address show` lists."""
    return re.findall(r"\binet (\S+)", text)
