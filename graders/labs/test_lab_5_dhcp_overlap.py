"""Lab 5: each VIP has one owner, and DHCP leases none of them."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Final

from graders.checks import (
    SEE_POOLS,
    Client,
    Session,
    answers_file,
    check,
    covered,
    desk_of,
    expect,
    expect_desk_answers,
    expect_devices_inside,
    expect_devices_outside,
    expect_held,
    expect_http,
    expect_inventory,
    expect_lease,
    expect_no_static_entries,
    expect_one_controller,
    expect_one_responder,
    expect_one_server,
    expect_only_range_configured,
    expect_only_range_leased,
    expect_pool_restricted,
    expect_pools_inside,
    expect_range_leased,
    expect_ranges_not_leased,
    expect_renewal,
    expect_reserved,
    expect_validated,
    expect_vip,
    expect_vip_in,
    holds,
    lacking,
    read_answers,
    run_parallel,
    wrong_rows,
)

# Each Service's namespace, and the answer of its pods.
SERVICES: Final = {
    "shop": ("lab-5", "hello from shop"),
    "gateway": ("ingress", "hello from gateway"),
    "blue": ("tenants", "hello from tenants"),
    "green": ("tenants", "hello from tenants"),
}
# Previews of tenants, as fault `exhaustion` creates them, and whether the last
# day of each is over.
PREVIEWS: Final = {
    f"preview-{number}": number % 4 == 0 for number in range(1, 50)
}
# How many addresses new devices request at a time.
SAMPLE_SIZE: Final = 64


@check(layer="allocation")
def test_vips(lab: Session) -> None:
    """shop, gateway, blue and green have VIPs."""
    for name, (namespace, _) in SERVICES.items():
        expect_vip(lab, name, namespace)


@check(layer="neighbour", needs=("vips",))
def test_arp(lab: Session) -> None:
    """For each VIP one node, and no other machine, answers ARP."""
    run_parallel(partial(expect_one_responder, lab), _vips(lab).values())


def _expect_desk(lab: Session) -> None:
    """Fail unless the desk has a lease, and answers for its addresses."""
    desk = desk_of(lab)
    addresses = [expect_lease(desk), str(lab.plan.machines["desk"].lan)]
    run_parallel(partial(expect_desk_answers, lab, desk), addresses)


@check(layer="neighbour", look=_expect_desk)
def test_desk(lab: Session) -> None:
    """The desk renews its lease, and only it answers for its addresses."""
    _expect_desk(lab)
    expect_renewal(desk_of(lab))


@check(layer="forwarding", needs=("arp",))
def test_http(lab: Session) -> None:
    """A client on the LAN and one outside reach every Service."""
    vips = _vips(lab)

    def expect_answer(path: tuple[Client, str]) -> None:
        client, name = path
        expect_http(client, vips[name], SERVICES[name][1])

    run_parallel(expect_answer, product((lab.lan_client, lab.client), vips))


def _expect_own_range(lab: Session) -> None:
    """Fail unless leases and configuration keep to the DHCP range."""
    expect_devices_inside(lab)
    expect_only_range_configured(lab)
    expect_one_server(lab)


@check(layer="policy", look=_expect_own_range)
def test_dhcp(lab: Session) -> None:
    """The DHCP server leases the addresses of its own range, and no others."""
    expect_range_leased(lab)
    expect_only_range_leased(lab)
    _expect_own_range(lab)


@check(
    layer="policy",
    needs=("dhcp",),
    look=lambda lab: expect_devices_outside(lab, lab.cluster.ranges()),
)
def test_leases(lab: Session) -> None:
    """The DHCP server leases no address of any pool, even if asked to."""
    ranges = lab.cluster.ranges()
    expect_ranges_not_leased(lab, ranges, _sample(ranges))


@check(layer="policy")
def test_static_entries(lab: Session) -> None:
    """No machine has an address, neighbour entry or route for Services."""
    vips = sorted(lab.cluster.vips())
    expect_no_static_entries(lab, [*vips, str(lab.plan.service_range)])


@check(layer="policy", needs=("vips",))
def test_webhook(lab: Session) -> None:
    """One controller of MetalLB runs; its webhook refuses invalid objects."""
    expect_one_controller(lab)
    expect_validated(lab)


@check(layer="policy", needs=("vips",))
def test_pools(lab: Session) -> None:
    """Pools have the planned addresses, and VIPs are from the right pool."""
    apps, ingress = lab.plan.pool, lab.plan.ingress_pool
    expect_pools_inside(lab, apps, ingress)
    missing = lacking(lab.cluster.ranges(), apps, ingress)
    expect(
        "the pools to have",
        expected=f"all of {apps} and {ingress}",
        actual=f"these without {', '.join(missing)}",
        ok=not missing,
        seen_by=SEE_POOLS,
    )
    for name, (namespace, _) in SERVICES.items():
        pool = ingress if name == "gateway" else apps
        expect_vip_in(lab, name, namespace, pool)


@check(layer="policy", needs=("pools",), exclusive=True)
def test_tenancy(lab: Session) -> None:
    """Tenants get VIPs for applications; only ingress gets ingress VIPs."""
    first, last = str(lab.plan.ingress_first), str(lab.plan.ingress_last)
    names = [
        name
        for name, ranges in lab.cluster.pools().items()
        if holds(ranges, first) or holds(ranges, last)
    ]
    expect(
        f"{first} and {last} to be of",
        expected="one pool",
        actual=names,
        ok=len(names) == 1,
        seen_by=SEE_POOLS,
    )
    expect_pool_restricted(lab, names[0])
    expect_reserved(lab, lab.plan.ingress_pool, ("ingress",))


@check(layer="policy", needs=("pools",), variants=("exhaustion",))
def test_previews(lab: Session) -> None:
    """Previews hold an address until their last day, and no longer."""
    expect_held(lab, lab.plan.pool, "tenants", PREVIEWS)


@check(layer="policy", needs=("previews",), variants=("exhaustion",))
def test_inventory(lab: Session) -> None:
    """$LAB_ANSWERS says who holds addresses, and how many are left."""
    expect_inventory(lab, lab.plan.pool)


@check(layer="policy")
def test_plan(lab: Session) -> None:
    """The address plan in $LAB_ANSWERS is correct."""
    wrong = wrong_rows(read_answers(answers_file(lab)), lab.plan)
    expect(
        "the rows in $LAB_ANSWERS to be right,",
        expected="all of them",
        actual=f"{', '.join(wrong)} wrong or missing",
        ok=not wrong,
        seen_by='cat "$LAB_ANSWERS"',
    )


def _vips(lab: Session) -> dict[str, str]:
    """Return each Service's VIP; check `vips` has shown that it has one."""
    return {
        name: lab.cluster.vip(name, namespace)
        for name, (namespace, _) in SERVICES.items()
    }


def _sample(ranges: list[str]) -> list[str]:
    """Return the addresses of `ranges`, or many of them, evenly spread."""
    nets = [net for text in ranges for net in covered(text)]
    count = sum(net.num_addresses for net in nets)
    step = max(1, -(-count // SAMPLE_SIZE))
    return [
        str(net[index])
        for net in nets
        for index in range(0, net.num_addresses, step)
    ]
