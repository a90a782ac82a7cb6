"""Lab 5: nobody but one node has a VIP, and nobody is leased one."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Final

from graders.checks.address_table import wrong_rows
from graders.checks.answers import read_answers
from graders.checks.arp import expect_one_node
from graders.checks.check import check, expect
from graders.checks.desk import (
    SEE_LEASES,
    desk_of,
    expect_device_answers,
    expect_lease,
    expect_renewal,
)
from graders.checks.leases import SEE_RANGES, expect_no_other, expect_own_range
from graders.checks.pools import expect_pool_restricted
from graders.checks.services import (
    SEE_POOLS,
    expect_allocated,
    expect_answer,
    run_parallel,
)
from graders.plan.ip_ranges import holds, lacking, networks, outside
from graders.settings import state_dir

if TYPE_CHECKING:
    from graders.checks.session import Session
    from graders.probes.client import Client

# Each Service's namespace, and what answers there.
SERVICES: Final = {
    "shop": ("lab-5", "hello from shop"),
    "gateway": ("ingress", "hello from gateway"),
    "blue": ("tenants", "hello from tenants"),
    "green": ("tenants", "hello from tenants"),
}
# Addresses that new devices ask for at once, at most.
MOST: Final = 64


@check(layer="allocation")
def test_vips(lab: Session) -> None:
    """shop, gateway, blue and green have VIPs."""
    for name, (space, _) in SERVICES.items():
        expect_allocated(lab, name, space)


@check(layer="neighbour", needs=("vips",))
def test_arp(lab: Session) -> None:
    """For each VIP one node, and no other machine, answers ARP."""
    run_parallel(partial(expect_one_node, lab), _vips(lab).values())


@check(layer="neighbour")
def test_desk(lab: Session) -> None:
    """The desk renews its lease, and only it answers for its addresses."""
    desk = desk_of(lab)
    own = [expect_lease(desk), str(lab.plan.machines["desk"].lan)]
    run_parallel(partial(expect_device_answers, lab, desk), own)
    expect_renewal(desk)


@check(layer="forwarding", needs=("arp",))
def test_http(lab: Session) -> None:
    """A client on the LAN and one outside reach every Service."""
    vips = _vips(lab)

    def reached(way: tuple[Client, str]) -> None:
        client, name = way
        expect_answer(client, vips[name], SERVICES[name][1])

    run_parallel(reached, product((lab.lan_client, lab.client), vips))


@check(layer="policy")
def test_dhcp(lab: Session) -> None:
    """The DHCP server leases the addresses of its own range, and no others."""
    expect_own_range(lab)
    expect_no_other(lab)


@check(layer="policy", needs=("dhcp",))
def test_leases(lab: Session) -> None:
    """The DHCP server leases no address of any pool, even if asked to."""
    ranges = lab.cluster.ranges()
    wishes = _sample(ranges)
    # `dhcp` is the positive control: who asks for none gets one.
    seen = lab.dhcp.tries(wishes)
    bad = sorted({one for one in seen.leased if holds(ranges, one)})
    expect(
        f"{len(wishes)} new devices that ask for addresses of pools to get",
        expected="none of these",
        actual=bad,
        ok=bool(seen.given) and not bad,
        seen_by=f"dhcp-try {' '.join(bad[:3])} on lan-client",
        evidence=lambda: lab.dhcp.server.run(*SEE_RANGES).text,
    )
    held = [one for one in lab.dhcp.devices() if holds(ranges, one.address)]
    expect(
        "the DHCP server's leases to be outside every pool,",
        expected="all of them",
        actual=[f"{one.address} of {one.host}" for one in held],
        ok=not held,
        seen_by=SEE_LEASES,
    )


@check(layer="policy", needs=("vips",))
def test_pools(lab: Session) -> None:
    """Pools have the planned addresses, and VIPs are from the right pool."""
    apps, ingress = lab.plan.pool, lab.plan.ingress_pool
    planned = (*networks(apps), *networks(ingress))
    strange = outside(lab.cluster.ranges(), *planned)
    expect(
        "the ranges of all pools to be inside",
        expected=f"{apps} and {ingress}",
        actual=strange,
        ok=not strange,
        seen_by=SEE_POOLS,
    )
    missing = lacking(lab.cluster.ranges(), apps, ingress)
    expect(
        "the pools to have",
        expected=f"all of {apps} and {ingress}",
        actual=f"these without {', '.join(missing)}",
        ok=not missing,
        seen_by=SEE_POOLS,
    )
    for name, vip in _vips(lab).items():
        own = ingress if name == "gateway" else apps
        expect(
            f"the VIP of {name} to be of",
            expected=own,
            actual=vip,
            ok=holds([own], vip),
            seen_by=f"kubectl get svc {name} -n {SERVICES[name][0]}",
        )


@check(layer="policy", needs=("pools",), exclusive=True)
def test_tenancy(lab: Session) -> None:
    """Tenants get VIPs for applications; only ingress gets ingress VIPs."""
    own = str(lab.plan.ingress_first)
    names = [
        name
        for name, texts in lab.cluster.pools().items()
        if holds(texts, own)
    ]
    expect(
        f"{own} to be of",
        expected="one pool",
        actual=names,
        ok=len(names) == 1,
        seen_by=SEE_POOLS,
    )
    expect_pool_restricted(lab, names[0])


@check(layer="policy")
def test_plan(lab: Session) -> None:
    """The address plan in $LAB_ANSWERS is correct."""
    file = state_dir(lab.plan.student) / "answers.yml"
    wrong = wrong_rows(read_answers(file), lab.plan)
    expect(
        "the rows in $LAB_ANSWERS to be right,",
        expected="all of them",
        actual=f"{', '.join(wrong)} wrong or missing",
        ok=not wrong,
        seen_by='cat "$LAB_ANSWERS"',
    )


def _vips(lab: Session) -> dict[str, str]:
    """Return each Service's VIP; `vips` has seen that there are."""
    return {
        name: lab.cluster.vip(name, space)
        for name, (space, _) in SERVICES.items()
    }


def _sample(ranges: list[str]) -> list[str]:
    """Return the addresses of `ranges`, or many of them, evenly spread."""
    nets = [net for text in ranges for net in networks(text)]
    count = sum(net.num_addresses for net in nets)
    step = max(1, -(-count // MOST))
    return [
        str(net[at])
        for net in nets
        for at in range(0, net.num_addresses, step)
    ]
