"""Lab 1: web gets a VIP from MetalLB, and traffic reaches it."""

from __future__ import annotations

import random
from functools import partial
from itertools import cycle, islice, repeat
from typing import TYPE_CHECKING, TypeAlias

from graders.checks import (
    METALLB_NAMESPACE,
    SEE_POOLS,
    Refused,
    Session,
    active_namespaces,
    allocation_decided,
    check,
    clone_service,
    expect,
    expect_http,
    expect_http_everywhere,
    expect_no_conflict,
    expect_no_static_entries,
    expect_not_on_interface,
    expect_one_controller,
    expect_one_responder,
    expect_pools_inside,
    expect_reported,
    expect_reserved,
    expect_validated,
    expect_vip,
    expose_later,
    holds,
    labels_of_pools,
    pool_of,
    possible_namespaces,
    run_parallel,
    temporary_service,
    until,
    unused_addresses,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    # The namespace, the wishes and the labels of a Service, and whether it is
    # exposed at once.
    Request: TypeAlias = tuple[str, dict[str, str], dict[str, str], bool]

NAMESPACE = "lab-1"
NEIGHBOURS = "neighbours"
TEXT = "hello from web"
# How many addresses of a pool are considered: as many as Services have.
SAMPLE_SIZE = 256


@check(layer="allocation")
def test_vip(lab: Session) -> None:
    """web has an external IP instead of <pending>."""
    expect_vip(lab, "web", NAMESPACE)


@check(layer="allocation")
def test_neighbour_vips(lab: Session) -> None:
    """billing and search still have their VIPs."""
    for name, address in lab.plan.neighbour_vips.items():
        expect_vip(lab, name, NEIGHBOURS, str(address))


@check(layer="allocation", needs=("vip",))
def test_controller(lab: Session) -> None:
    """One controller of MetalLB runs, or one for each class."""
    expect_one_controller(lab)


@check(layer="policy", needs=("vip",))
def test_webhook(lab: Session) -> None:
    """MetalLB's webhook still refuses invalid objects."""
    expect_validated(lab)


@check(layer="policy", needs=("vip",))
def test_pool(lab: Session) -> None:
    """The VIP and every pool stay in the range reserved for Services."""
    pools = lab.cluster.pools()
    ranges = lab.cluster.ranges()
    vip = lab.cluster.vip("web", NAMESPACE)
    evidence = "\n".join(f"{name} {pools[name]}" for name in pools)
    expect_no_conflict(lab, ranges)
    expect_pools_inside(lab, str(lab.plan.service_range))
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
    vip = lab.cluster.vip("web", NAMESPACE)
    node = expect_one_responder(lab, vip)
    expect_not_on_interface(lab, [vip])
    expect_reported(lab, ("web", NAMESPACE), node)


@check(layer="policy")
def test_static_entries(lab: Session) -> None:
    """No machine has an address, neighbour entry or route for VIPs."""
    expect_no_static_entries(lab, sorted(lab.cluster.vips()))


@check(layer="advertisement")
def test_neighbours(lab: Session) -> None:
    """billing and search are announced, and answer at their addresses."""
    run_parallel(partial(_expect_neighbour, lab), lab.plan.neighbour_vips)


@check(layer="forwarding", needs=("arp",))
def test_http(lab: Session) -> None:
    """A client on the LAN and one outside get web's answer from the VIP."""
    expect_http_everywhere(lab, lab.cluster.vip("web", NAMESPACE), TEXT)


@check(layer="advertisement", needs=("http",), exclusive=True)
def test_announced(lab: Session) -> None:
    """Whichever pool the next Service draws from, its VIP is announced."""
    # MetalLB draws from any of them; `arp` has checked web's own pool.
    own = pool_of(lab, lab.cluster.vip("web", NAMESPACE))
    others = [name for name in lab.cluster.auto_assign_pools() if name != own]
    run_parallel(partial(_expect_announced, lab), others)


@check(layer="allocation", needs=("http",), exclusive=True)
def test_new_service(lab: Session) -> None:
    """Another Service like web gets its own VIP and answers."""
    web = lab.cluster.service("web", NAMESPACE) or {"spec": {}}
    # Other teams don't know of a class to which MetalLB listens now.
    for classless in sorted({False, "loadBalancerClass" in web["spec"]}):
        with clone_service(lab, "web", NAMESPACE, classless=classless) as name:
            vip = expect_vip(lab, name, NAMESPACE)
            expect_http(lab.lan_client, vip, TEXT)


@check(
    layer="policy",
    needs=("new_service",),
    variants=("pool-selector",),
    exclusive=True,
)
def test_reservation(lab: Session) -> None:
    """A namespace without a right to the pool gets none of its addresses."""
    own = (NAMESPACE, NEIGHBOURS)
    unused = _unused_by_pool(lab)
    reserved = pool_of(lab, str(lab.plan.neighbour_vips["billing"]))
    # The positive control: a namespace with the right gets the address that
    # it requests. It is another address, because the controller may not have
    # released this one yet. The pool may also select its Services by label.
    billing = lab.cluster.service("billing", NEIGHBOURS) or {"metadata": {}}
    alike = billing["metadata"].get("labels", {})
    for address in unused.get(reserved, [])[1:2]:
        with temporary_service(
            lab, NEIGHBOURS, address=address, labels=alike
        ) as name:
            expect_vip(lab, name, NEIGHBOURS)
    expect_reserved(lab, lab.plan.pool, own)
    labels = _labels(lab)
    with possible_namespaces(lab) as new:
        requests = [
            request
            for pool, (address, *_) in unused.items()
            for namespace in active_namespaces(lab, *own)
            for number in [
                len(labels) if namespace in {*new, "default"} else 1
            ]
            for request in islice(
                _requests(namespace, pool, address, labels), number
            )
        ]
        run_parallel(partial(_expect_refused, lab), requests)


def _expect_neighbour(lab: Session, name: str) -> None:
    """Fail unless a client that comes now reaches a neighbour.

    One that came before knows the MAC, and needs no announcement.
    """
    vip = str(lab.plan.neighbour_vips[name])
    node = expect_one_responder(lab, vip)
    expect_reported(lab, (name, NEIGHBOURS), node)
    expect_http(lab.lan_client, vip, f"hello from {name}")


def _expect_announced(lab: Session, pool: str) -> None:
    """Fail if no node announces an address that lab-1 may get from `pool`."""
    with temporary_service(lab, NAMESPACE, pool=pool) as name:
        until(
            "new-service",
            partial(allocation_decided, lab, name, NAMESPACE),
            bool,
        )
        if not (vip := lab.cluster.vip(name, NAMESPACE)):
            return  # The pool is full, or not for lab-1.
        arp = until(
            "arp",
            lambda: lab.lan_client.arping(vip, 1),
            lambda arp: arp.macs,
        )
    expect(
        f"ARP for {vip} of pool {pool}, which the next Service may get, to be"
        " answered by",
        expected="a node",
        actual=arp.macs or "none",
        ok=bool(arp.macs),
        seen_by=f"kubectl get l2advertisements -n {METALLB_NAMESPACE} -o yaml",
        evidence=arp.text,
    )


def _labels(lab: Session) -> list[dict[str, str]]:
    """Return labels by which a pool might know, or knows, a Service."""
    services = [lab.cluster.service("web", NAMESPACE)] + [
        lab.cluster.service(name, NEIGHBOURS)
        for name in lab.plan.neighbour_vips
    ]
    metas = [service["metadata"] for service in services if service]
    own = [meta.get("labels", {}) for meta in metas]
    return [*own, {"tier": "web"}, *labels_of_pools(lab)]


def _requests(
    namespace: str, pool: str, address: str, labels: list[dict[str, str]]
) -> Iterator[Request]:
    """Yield a Service for each set of labels, which request the pool.

    Their order, and the way in which each requests it, are drawn at random.
    Every second one is exposed only after its creation.
    """
    ways = [
        {"pool": pool},
        {"address": address},
        {"spec_address": address},
        {},
    ]
    random.shuffle(ways)
    some = random.sample(labels, len(labels))
    at_once = random.sample((True, False), 2)
    return zip(repeat(namespace), cycle(ways), some, cycle(at_once))


def _expect_refused(lab: Session, request: Request) -> None:
    """Fail if a Service gets an address of the agreed range."""
    namespace, wishes, labels, exposed = request
    try:
        with temporary_service(
            lab, namespace, **wishes, labels=labels, exposed=exposed
        ) as name:
            if not exposed:
                expose_later(lab, name, namespace)
            decided = partial(allocation_decided, lab, name, namespace)
            until("refusal", decided, bool)
            vip = lab.cluster.vip(name, namespace)
    except Refused:
        return  # The API server refused it, so it gets no address.
    expect(
        f"a Service in namespace {namespace} that asks for"
        f" {' '.join(wishes.values()) or 'any address'} to get",
        expected=f"no address of {lab.plan.pool}",
        actual=vip,
        ok=not (vip and holds([lab.plan.pool], vip)),
        seen_by=f"{SEE_POOLS} -o yaml",
    )


def _unused_by_pool(lab: Session) -> dict[str, list[str]]:
    """Return two unused addresses of the agreed range by the pools' names.

    The range is reserved, whatever its pools are called; pools outside it may
    be for all namespaces.
    """
    addresses = {
        name: [
            str(address)
            for address in islice(unused_addresses(lab, ranges), SAMPLE_SIZE)
            if holds([lab.plan.pool], str(address))
        ][:2]
        for name, ranges in lab.cluster.pools().items()
    }
    return {name: pair for name, pair in addresses.items() if pair}
