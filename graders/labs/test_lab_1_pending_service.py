"""Lab 1: web gets a VIP from MetalLB, and traffic reaches it."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from graders.checks.arp import expect_not_on_interface, expect_one_node
from graders.checks.check import check, expect
from graders.checks.objects import service_at, service_from
from graders.checks.services import (
    SEE_POOLS,
    allocation_decided,
    expect_allocated,
    expect_answer,
    expect_no_conflict,
    expect_vip,
    pool_of,
    run_parallel,
    unused_addresses,
)
from graders.plan.ip_ranges import holds, outside
from graders.polling import until

if TYPE_CHECKING:
    from graders.checks.session import Session

SPACE = "lab-1"
NEIGHBOURS = "neighbours"
TEXT = "hello from web"
# Addresses of a pool that are looked at: as many as are kept for Services.
MOST = 256


@check(layer="allocation")
def test_vip(lab: Session) -> None:
    """web has an external IP instead of <pending>."""
    expect_allocated(lab, "web", SPACE)


@check(layer="allocation")
def test_neighbours(lab: Session) -> None:
    """billing and search still have their VIPs."""
    for name, address in lab.plan.neighbour_vips.items():
        vip = expect_allocated(lab, name, NEIGHBOURS, str(address))
        expect_answer(lab.lan_client, vip, f"hello from {name}")


@check(layer="policy", needs=("vip",))
def test_pool(lab: Session) -> None:
    """The VIP and every pool stay in the range reserved for Services."""
    pools = lab.cluster.pools()
    ranges = lab.cluster.ranges()
    vip = lab.cluster.vip("web", SPACE)
    evidence = "\n".join(f"{name} {pools[name]}" for name in pools)
    expect_no_conflict(lab, ranges)
    beyond = outside(ranges, lab.plan.service_range)
    expect(
        "every pool to be inside",
        expected=lab.plan.service_range,
        actual=beyond,
        ok=not beyond,
        seen_by=SEE_POOLS,
        evidence=evidence,
    )
    expect(
        "the VIP of web to be in",
        expected=f"a pool ({', '.join(ranges) or 'there is none'})",
        actual=vip,
        ok=holds(ranges, vip),
        seen_by=SEE_POOLS,
        evidence=evidence,
    )


@check(layer="advertisement", needs=("vip",))
def test_arp(lab: Session) -> None:
    """One node announces the VIP, and no node has it on an interface."""
    vip = lab.cluster.vip("web", SPACE)
    expect_one_node(lab, vip)
    # A kernel answers for what its interfaces have, without MetalLB.
    expect_not_on_interface(lab, vip)


@check(layer="forwarding", needs=("arp",))
def test_http(lab: Session) -> None:
    """A client on the LAN and one outside get web's answer from the VIP."""
    vip = lab.cluster.vip("web", SPACE)
    for client in (lab.lan_client, lab.client):
        expect_answer(client, vip, TEXT)


@check(layer="advertisement", needs=("http",), exclusive=True)
def test_announced(lab: Session) -> None:
    """Whichever pool the next Service draws from, its VIP is announced."""
    # MetalLB draws from any of them, another one each time; that web's own is
    # announced is seen already.
    home = pool_of(lab, lab.cluster.vip("web", SPACE))
    others = [name for name in lab.cluster.open_pools() if name != home]
    run_parallel(partial(_announced, lab), others)


@check(layer="allocation", needs=("http",), exclusive=True)
def test_new_service(lab: Session) -> None:
    """Another Service like web gets its own VIP and answers."""
    with lab.like("web", SPACE, SPACE) as name:
        vip = expect_vip(lab, name, SPACE)
        expect_answer(lab.lan_client, vip, TEXT)


@check(
    layer="policy",
    needs=("new_service",),
    variants=("pool-selector",),
    exclusive=True,
)
def test_reservation(lab: Session) -> None:
    """A namespace without a right to the pool gets none of its addresses."""
    spare = _spare(lab)
    home = pool_of(lab, str(lab.plan.neighbour_vips["billing"]))
    own = spare.get(home, [])
    # The positive control: who has the right gets what it asks for. It is
    # another address, for the controller may not have taken this one back.
    for address in own[1:2]:
        with service_at(lab, NEIGHBOURS, address) as name:
            expect_vip(lab, name, NEIGHBOURS)
    for pool, (address, *_) in spare.items():
        with service_at(lab, "default", address) as name:
            until(
                "absent",
                partial(allocation_decided, lab, name, "default"),
                bool,
            )
            vip = lab.cluster.vip(name, "default")
        expect(
            f"a Service in namespace default that asks for {address} of pool"
            f" {pool} to stay",
            expected="<pending>",
            actual=vip,
            ok=not vip,
            seen_by=f"{SEE_POOLS} -o yaml",
        )


def _announced(lab: Session, pool: str) -> None:
    """Fail if nobody announces what lab-1 may get from `pool`."""
    with service_from(lab, SPACE, pool) as name:
        until("fresh", partial(allocation_decided, lab, name, SPACE), bool)
        if not (vip := lab.cluster.vip(name, SPACE)):
            return  # It is full, or not for lab-1.
        arp = until(
            "arp",
            lambda: lab.lan_client.arping(vip, 1),
            lambda arp: arp.macs,
        )
    expect(
        f"ARP for {vip} of pool {pool}, which the next Service may get, to be"
        " answered by",
        expected="a node",
        actual=arp.macs or "nobody",
        ok=bool(arp.macs),
        seen_by="kubectl get l2advertisements -n metallb-system -o yaml",
        evidence=arp.text,
    )


def _spare(lab: Session) -> dict[str, list[str]]:
    """Return two free addresses of the agreed range from each pool in it.

    It is the range that is reserved, under whatever names; pools beside it
    may be for everybody.
    """
    found = {
        name: [
            str(address)
            for address in islice(unused_addresses(lab, ranges), MOST)
            if holds([lab.plan.pool], str(address))
        ][:2]
        for name, ranges in lab.cluster.pools().items()
    }
    return {name: two for name, two in found.items() if two}
