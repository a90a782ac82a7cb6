"""Lab 1: web gets a VIP from MetalLB, and traffic reaches it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from graders.checks import check, expect, fail
from graders.ranges import conflicts, holds, outside
from graders.waits import until

if TYPE_CHECKING:
    from graders.probes.client import Client
    from graders.session import Session

SPACE = "lab-1"
NEIGHBOURS = "neighbours"
TEXT = "hello from web"


@check(layer="allocation")
def test_vip(lab: Session) -> None:
    """web has an external IP instead of <pending>."""
    vip = until("allocation", lambda: lab.cluster.vip("web", SPACE), bool)
    expect(
        "the external IP of web to be",
        expected="an address",
        got=vip or "<pending>",
        ok=bool(vip),
        seen_by=f"kubectl describe svc web -n {SPACE}",
        evidence=lambda: lab.cluster.events("web", SPACE),
    )


@check(layer="allocation")
def test_neighbours(lab: Session) -> None:
    """billing and search still hold their VIPs."""
    for name, address in lab.plan.neighbour_vips.items():
        vip = until(
            "allocation",
            partial(lab.cluster.vip, name, NEIGHBOURS),
            str(address).__eq__,
        )
        expect(
            f"the VIP of {name} to be",
            expected=str(address),
            got=vip or "<pending>",
            seen_by=f"kubectl get svc -n {NEIGHBOURS}",
        )
        _expect_answer(lab.lan_client, vip, f"hello from {name}")


@check(layer="policy", needs=("vip",))
def test_pool(lab: Session) -> None:
    """The VIP and every pool stay in the range kept for Services."""
    pools = lab.cluster.pools()
    ranges = [text for texts in pools.values() for text in texts]
    vip = lab.cluster.vip("web", SPACE)
    seen = "kubectl get ipaddresspools -n metallb-system"
    evidence = "\n".join(f"{name} {pools[name]}" for name in pools)
    expect(
        "every pool to be free of",
        expected="addresses that others own",
        got=f"addresses of {', '.join(conflicts(ranges, lab.plan))}",
        ok=not conflicts(ranges, lab.plan),
        seen_by=seen,
        evidence=evidence,
    )
    beyond = outside(ranges, lab.plan.service_range)
    expect(
        "every pool to be inside",
        expected=lab.plan.service_range,
        got=beyond,
        ok=not beyond,
        seen_by=seen,
        evidence=evidence,
    )
    expect(
        "the VIP of web to be in",
        expected=f"a pool ({', '.join(ranges) or 'there is none'})",
        got=vip,
        ok=holds(ranges, vip),
        seen_by=seen,
        evidence=evidence,
    )


@check(layer="advertisement", needs=("vip",))
def test_arp(lab: Session) -> None:
    """One node, and nobody else, answers ARP for the VIP."""
    vip = lab.cluster.vip("web", SPACE)
    _expect_one_node(lab, vip)


@check(layer="forwarding", needs=("arp",))
def test_http(lab: Session) -> None:
    """A client on the LAN and one outside get web's answer from the VIP."""
    vip = lab.cluster.vip("web", SPACE)
    for client in (lab.lan_client, lab.client):
        _expect_answer(client, vip, TEXT)


@check(layer="allocation", needs=("http",))
def test_fresh(lab: Session) -> None:
    """Another Service like web gets a VIP of its own and answers."""
    with lab.like("web", SPACE, SPACE) as name:
        vip = until("fresh", lambda: lab.cluster.vip(name, SPACE), bool)
        expect(
            "a new Service to get",
            expected="a VIP within 8 s",
            got=vip or "<pending>",
            ok=bool(vip),
            seen_by=f"kubectl get events -n {SPACE}",
            evidence=lambda: lab.cluster.events(name, SPACE),
        )
        _expect_answer(lab.lan_client, vip, TEXT)


@check(layer="policy", needs=("fresh",), variants=("pool-selector",))
def test_guard(lab: Session) -> None:
    """A Service of a namespace without a right to the pool stays pending."""
    # `fresh` is the positive control: where the namespace has the right, a
    # Service gets its VIP well within this wait.
    with lab.like("web", SPACE, "default") as name:
        vip = until("absent", lambda: lab.cluster.vip(name, "default"), bool)
        expect(
            "a Service in namespace default to stay",
            expected="<pending>",
            got=vip,
            ok=not vip,
            seen_by="kubectl get ipaddresspools -n metallb-system -o yaml",
        )


def _expect_one_node(lab: Session, vip: str) -> None:
    """Fail unless exactly one MAC answers for `vip`, and it is a node's."""
    arp = until(
        "arp",
        lambda: lab.lan_client.arping(vip),
        lambda arp: len(arp.macs) == 1,
    )
    seen = f"{arp.command} on lan-client"
    if not arp.macs:
        fail(
            f"expected one answer to ARP for {vip}, not none",
            seen_by=seen,
            evidence=arp.text,
        )
    names = [lab.node_macs.get(mac, f"{mac}, no node") for mac in arp.macs]
    expect(
        f"ARP for {vip} to be answered by",
        expected="one node",
        got=names,
        ok=len(arp.macs) == 1 and arp.macs[0] in lab.node_macs,
        seen_by=seen,
        evidence=arp.text,
    )


def _expect_answer(client: Client, vip: str, text: str) -> None:
    """Fail unless `client` gets `text` over HTTP from `vip`."""
    answer = until(
        "http", partial(client.curl, vip), lambda answer: text in answer.body
    )
    place = client.machine.role
    expect(
        f"the answer of {vip} to {place} to be",
        expected=repr(text),
        got=answer.text,
        ok=text in answer.body,
        seen_by=f"{answer.command} on {place}",
        evidence=answer.error,
    )
