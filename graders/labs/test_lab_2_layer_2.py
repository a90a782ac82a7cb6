"""Lab 2: one node answers for web's VIP, on the LAN and nowhere else."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from graders.checks.arp import (
    expect_not_on_interface,
    expect_one_node,
    speakers_diverged,
    until_converged,
)
from graders.checks.check import check, expect, fail
from graders.checks.layer2 import (
    SEE_STATUS,
    address_control_plane_would_win,
    expect_announced,
    expect_no_static_neighbour,
    expect_off_storage,
    expect_ready,
    expect_unannounced,
)
from graders.checks.node_failure import isolate, rejoin_wait
from graders.checks.objects import service_from
from graders.checks.services import (
    allocation_decided,
    expect_allocated,
    expect_answer,
    expect_excluded,
    expect_vip,
    pool_of,
    run_parallel,
)
from graders.polling import until
from graders.probes.client import REQUESTS

if TYPE_CHECKING:
    from graders.checks.session import Session
    from graders.probes.client import Client

SPACE = "lab-2"
PRIVATE = "finance"
TEXT = "hello from web"
FLOWS = 30
# Seconds; longer than a worker is cut off and comes back.
WATCH = 90


@check(layer="allocation")
def test_vip(lab: Session) -> None:
    """web has its VIP {l2_vip}."""
    expect_allocated(lab, "web", SPACE, str(lab.plan.l2_vip))


@check(layer="endpoint")
def test_endpoints(lab: Session) -> None:
    """web has ready pods, which are recreated when they end."""
    expect_ready(lab, "web", SPACE)
    orphans = lab.cluster.orphans(SPACE, "web")
    expect(
        "pods behind web that nobody makes again when they end:",
        expected="none",
        actual=orphans,
        ok=not orphans,
        seen_by=f"kubectl get pods -n {SPACE} --show-labels; kubectl describe"
        f" pods -n {SPACE} | grep -e ^Name: -e Controlled",
    )


@check(layer="advertisement", needs=("vip", "endpoints"))
def test_announced(lab: Session) -> None:
    """One worker announces the VIP of web."""
    nodes = until_converged(
        "announce",
        partial(_workers, lab),
        bool,
        partial(speakers_diverged, lab, str(lab.plan.l2_vip)),
    )
    found = sorted(lab.cluster.announcers("web", SPACE))
    expect(
        "the VIP of web to be announced by",
        expected="one worker",
        actual=found,
        ok=bool(nodes),
        seen_by=SEE_STATUS,
        evidence=lambda: lab.cluster.events("web", SPACE),
    )
    expect_excluded(lab)


@check(layer="neighbour", needs=("announced",))
def test_arp(lab: Session) -> None:
    """That worker, and no other machine, answers ARP for the VIP."""
    vip = str(lab.plan.l2_vip)
    node = expect_one_node(lab, vip, REQUESTS)
    # A speaker announces first, and writes its status then.
    announcers = until("announce", partial(_workers, lab), {node}.__eq__)
    expect(
        f"ARP for {vip} to be answered by the node that announces it,",
        expected=announcers,
        actual={node},
        seen_by=SEE_STATUS,
    )


@check(layer="policy", needs=("arp",))
def test_not_on_interface(lab: Session) -> None:
    """No node's interface and no permanent neighbour entry has the VIP."""
    expect_not_on_interface(lab, str(lab.plan.l2_vip))
    expect_no_static_neighbour(lab, str(lab.plan.l2_vip))


@check(layer="policy", needs=("arp",))
def test_storage(lab: Session) -> None:
    """The VIP is announced on the LAN only, not on the storage network."""
    expect_off_storage(
        lab, str(lab.plan.l2_vip), list(lab.cluster.announcers("web", SPACE))
    )


@check(layer="forwarding", needs=("arp",))
def test_http(lab: Session) -> None:
    """A client on the LAN and one outside get web's answer from the VIP."""
    for client in (lab.lan_client, lab.client):
        expect_answer(client, str(lab.plan.l2_vip), TEXT)


@check(layer="advertisement", needs=("http",), exclusive=True)
def test_new_service(lab: Session) -> None:
    """Another Service like web is announced by a worker, and answers."""
    # One that the control plane would announce, if it took part.
    wish = address_control_plane_would_win(lab, str(lab.plan.l2_vip))
    with lab.like("web", SPACE, SPACE, wish) as name:
        vip = expect_vip(lab, name, SPACE)
        node = expect_one_node(lab, vip, 1)
        expect(
            f"ARP for {vip} of a new Service to be answered by",
            expected="a worker",
            actual=node,
            ok=node in lab.plan.worker_names(),
            seen_by=SEE_STATUS,
        )
        expect_answer(lab.lan_client, vip, TEXT)


@check(layer="policy", needs=("new_service",), exclusive=True)
def test_private_pool(lab: Session) -> None:
    """ledger has its private address, and its pool is not announced."""
    address = str(lab.plan.private_vip)
    expect_allocated(lab, "ledger", PRIVATE, address)
    # Speakers take new Services in their order: once the second is announced,
    # which `new_service` has seen to be possible, the first one would be, too.
    with (
        service_from(lab, SPACE, pool_of(lab, address)) as hidden,
        lab.like("web", SPACE, SPACE) as shown,
    ):
        # It gets none where the pool is fenced in, which is as good.
        until("fresh", partial(allocation_decided, lab, hidden, SPACE), bool)
        secret = lab.cluster.vip(hidden, SPACE)
        expect_vip(lab, shown, SPACE)
        expect_announced(lab, shown, SPACE)
        silent = [("ledger", PRIVATE, address)]
        silent += [(hidden, SPACE, secret)] if secret else []
        run_parallel(partial(expect_unannounced, lab), silent)
    # Of a Service without a pod behind it nobody would hear anyway.
    expect_ready(lab, "ledger", PRIVATE)


@check(layer="advertisement", needs=("http",), disruptive=True)
def test_failover(lab: Session) -> None:
    """With the announcing worker cut off, the other one takes the VIP."""
    vip = str(lab.plan.l2_vip)
    owners = until("announce", partial(_workers, lab), bool)
    if not owners:
        fail("expected one worker to announce web, not none or two")
    (first,) = owners
    left = lab.cluster.ready_nodes(SPACE, "web") - {first}
    with lab.lan_client.watch(vip, WATCH) as watch, isolate(lab, first):
        began = time.monotonic()
        second = until(
            "takeover",
            partial(_answering, lab, vip),
            lambda found: found and found <= {*lab.plan.worker_names()},
        )
        heard = time.monotonic() - began
        expect(
            f"with {first} silent, {vip} to be answered within 20 s by",
            expected="another worker",
            actual=second,
            ok=bool(second) and second <= {*lab.plan.worker_names()},
            seen_by=f"arping -b -c 2 -I eth0 {vip} on lan-client",
            evidence=lambda: lab.cluster.events("web", SPACE),
        )
        # Without a pod elsewhere there is nobody to answer, and who stands
        # behind web is not what is judged here.
        if left:
            run_parallel(
                partial(_passes, vip, ", ".join(second)),
                (lab.lan_client, lab.client),
            )
    lab.measurements["failover"] = (
        f"ARP was answered again after {heard:.0f} s, and a client went"
        f" without an answer for {watch.longest:.1f} s"
    )
    back = until(rejoin_wait(), partial(_settled, lab, vip), bool)
    expect(
        f"with {first} back, {vip} to be answered by",
        expected="one worker",
        actual=back or "none or two",
        ok=bool(back),
        seen_by=f"arping -b -c 2 -I eth0 {vip} on lan-client",
    )


def _passes(vip: str, node: str, client: Client) -> None:
    """Fail unless one of many connections gets through to a pod.

    Of those that the node passes on to the silent one none does: one answer
    is enough, and by chance it is never that all of them go there.
    """
    flows = until(
        "http",
        partial(client.flows, vip, FLOWS),
        lambda flows: TEXT in flows.answers,
    )
    if TEXT not in flows.answers:
        fail(
            f"with a worker silent, expected {TEXT!r} from {vip} through"
            f" {node}, not one answer to {FLOWS} requests",
            seen_by=f"{flows.command} on {client.machine.role}",
        )


def _workers(lab: Session) -> set[str]:
    """Return the worker that announces web; nobody, unless it is the one."""
    found = set(lab.cluster.announcers("web", SPACE))
    alone = len(found) == 1 and found <= {*lab.plan.worker_names()}
    return found if alone else set()


def _answering(lab: Session, vip: str) -> set[str]:
    """Return who answers ARP, by name where it is a node."""
    arp = lab.lan_client.arping(vip)
    return {lab.node_macs.get(mac, mac) for mac in arp.macs}


def _settled(lab: Session, vip: str) -> set[str]:
    """Return who answers, once it is one and the one that announces."""
    found = _answering(lab, vip)
    return found if found == _workers(lab) else set()
