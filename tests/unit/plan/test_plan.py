"""The plan: every number of a lab from the student's name."""

from __future__ import annotations

import itertools
import json
from ipaddress import IPv4Address, IPv4Network, summarize_address_range
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graders.errors import UsageError
from graders.plan.plan import (
    DEMO,
    VARS,
    Plan,
    check_student,
    make_plan,
    slots,
    variant_for,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


def _allowed(name: str) -> bool:
    try:
        check_student(name)
    except UsageError:
        return False
    return True


names = (
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?", fullmatch=True)
    .filter(_allowed)
    .map(str)
)
students = st.one_of(st.just(DEMO), names)
FAULTS = [f"fault-{number}" for number in range(50)]
nonces = st.text("0123456789abcdef", min_size=16, max_size=16)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw the plan of any student in any slot, with a nonce or without."""
    student = draw(students)
    nonce = "" if student == DEMO else draw(st.just("") | nonces)
    slot = draw(st.sampled_from(slots(student)))
    return make_plan(student, slot, nonce=nonce)


def _range(first: IPv4Address, last: IPv4Address) -> list[IPv4Network]:
    return list(summarize_address_range(first, last))


def _pool(text: str) -> list[IPv4Network]:
    first, last = text.split("-")
    return _range(IPv4Address(first), IPv4Address(last))


def _parts(plan: Plan) -> dict[str, list[IPv4Network]]:
    """Return everything on the LAN that must keep clear of the rest."""
    hosts = [
        IPv4Network(machine.lan)
        for machine in plan.machines.values()
        if machine.lan
    ]
    return {
        "gateway": [IPv4Network(plan.lan_gateway)],
        "machines": hosts,
        "docker": [plan.node_range],
        "dhcp": _range(plan.dhcp_first, plan.dhcp_last),
        "services": [plan.service_range],
        "private": _pool(plan.private_pool),
    }


def _overlap(one: Iterable[IPv4Network], two: Iterable[IPv4Network]) -> bool:
    return any(a.overlaps(b) for a, b in itertools.product(one, two))


@given(plans())
def test_lan_has_no_overlap(plan: Plan) -> None:
    """Gateway, machines, docker's range, DHCP and pools keep clear."""
    clashes = [
        (one, two)
        for one, two in itertools.combinations(_parts(plan), 2)
        if _overlap(_parts(plan)[one], _parts(plan)[two])
    ]

    assert not clashes


@given(plans())
def test_everything_is_on_the_lan(plan: Plan) -> None:
    """What is planned for the LAN is inside it."""
    parts = itertools.chain.from_iterable(_parts(plan).values())

    assert all(part.subnet_of(plan.lan) for part in parts)


@given(plans())
def test_nodes_have_dockers_range(plan: Plan) -> None:
    """Nodes are pinned inside the range that docker hands out from."""
    addresses = [node.lan for node in plan.nodes.values()]

    assert len(set(addresses)) == 3
    assert all(address in plan.node_range for address in addresses)


@given(plans())
def test_no_address_is_given_twice(plan: Plan) -> None:
    """Every machine has addresses of its own."""
    everything = [*plan.nodes.values(), *plan.machines.values()]
    found = [
        address
        for machine in everything
        for address in (machine.lan, machine.edge)
        if address
    ]

    assert len(set(found)) == len(found)


@given(plans())
def test_edge_and_bgp_are_elsewhere(plan: Plan) -> None:
    """No network of the plan touches another, nor one of the cluster."""
    cluster = [IPv4Network("10.96.0.0/16"), IPv4Network("10.244.0.0/16")]
    nets = [plan.lan, plan.edge, plan.storage, plan.bgp_pool, *cluster]

    assert not any(a.overlaps(b) for a, b in itertools.combinations(nets, 2))


@given(plans())
def test_edge_machines_are_on_the_edge(plan: Plan) -> None:
    """Router and client have edge addresses, none of them the gateway's."""
    found = [m.edge for m in plan.machines.values() if m.edge]

    assert len(found) == 2
    assert all(a in plan.edge and a != plan.edge_gateway for a in found)


@given(plans())
def test_pool_is_in_the_service_range(plan: Plan) -> None:
    """Pool, free range and neighbours' VIPs are in the service range."""
    free = _range(plan.free_first, plan.free_last)
    neighbours = list(plan.neighbour_vips.values())

    assert all(
        net.subnet_of(plan.service_range) for net in _pool(plan.pool) + free
    )
    assert not _overlap(free, _pool(plan.pool))
    assert all(plan.pool_first < vip < plan.pool_last for vip in neighbours)
    assert all(vip > plan.small_pool_last for vip in neighbours)


@given(plans())
def test_lab_2_has_addresses_of_its_own(plan: Plan) -> None:
    """Its VIPs are in their pools, and free; its hosts are on storage."""
    pool, private = _pool(plan.pool), _pool(plan.private_pool)
    hosts = set(plan.storage_addresses.values())

    assert any(plan.l2_vip in net for net in pool)
    assert any(plan.private_vip in net for net in private)
    assert plan.l2_vip not in plan.neighbour_vips.values()
    assert plan.l2_vip > plan.small_pool_last
    assert len(hosts) == 4
    assert all(host in plan.storage for host in hosts)


@given(plans())
def test_lab_5_has_addresses_of_its_own(plan: Plan) -> None:
    """Its VIPs are in their pools; the ingress VIPs are among the leases."""
    pool = _pool(plan.pool)
    leases = _range(plan.dhcp_first, plan.dhcp_last)
    taken = [*plan.app_vips.values(), *plan.neighbour_vips.values()]

    assert len(set(taken)) == 5
    assert all(any(vip in net for net in pool) for vip in taken)
    assert plan.ingress_last == plan.ingress_first + 1
    for address in (plan.ingress_first, plan.ingress_last, plan.desk_lease):
        assert any(address in net for net in leases)
    assert not _overlap(
        _pool(plan.ingress_pool), [IPv4Network(plan.desk_lease)]
    )


@given(plans())
def test_lab_6_has_addresses_of_its_own(plan: Plan) -> None:
    """Its pool has four addresses; ledger's is one, the unannounced none."""
    shared = _pool(plan.shared_pool)
    others = [*plan.app_vips.values(), *plan.neighbour_vips.values()]

    assert sum(net.num_addresses for net in shared) == 4
    assert all(net.subnet_of(plan.service_range) for net in shared)
    assert any(plan.ledger_vip in net for net in shared)
    assert plan.unannounced_vip in plan.service_range
    assert not any(
        vip in net for vip in (plan.unannounced_vip, *others) for net in shared
    )
    assert not _overlap(shared, _pool(plan.gateway_pool))


@given(plans())
def test_lab_5_s_wrong_ranges_overlap_as_meant(plan: Plan) -> None:
    """One is leased, one is docker's and the desk's, and both spare VIPs."""
    leases = _range(plan.dhcp_first, plan.dhcp_last)
    leased, dockers = _pool(plan.pool_in_dhcp), _pool(plan.pool_in_node_range)
    desk = plan.machines["desk"].lan

    assert desk
    assert all(any(one.subnet_of(two) for two in leases) for one in leased)
    assert any(desk in net for net in dockers)
    assert _overlap(dockers, [plan.node_range])
    for clash in (leased, dockers):
        assert not _overlap(clash, _pool(plan.ingress_pool))
        assert not _overlap(clash, [IPv4Network(plan.desk_lease)])
    assert plan.dhcp_first < plan.pool_last


@given(plans())
def test_small_pool_is_soon_exhausted(plan: Plan) -> None:
    """The small pool has the first two or three addresses of the pool."""
    count = int(plan.small_pool_last) - int(plan.pool_first) + 1

    assert count in {2, 3}


@given(plans())
def test_outside_address_is_outside(plan: Plan) -> None:
    """The address outside every pool is one that DHCP leases."""
    assert plan.dhcp_first < plan.outside_address < plan.dhcp_last


@given(plans())
def test_asns_are_for_private_use(plan: Plan) -> None:
    """AS numbers differ, and no other network on earth has them."""
    asns = {plan.cluster_asn, plan.router_asn}

    assert len(asns) == 2
    assert all(64496 <= asn <= 64511 or 64512 <= asn <= 65534 for asn in asns)


@given(plans())
def test_vars_go_through_json(plan: Plan) -> None:
    """`as_vars` is the same after a trip through JSON."""
    values = plan.as_vars()

    assert json.loads(json.dumps(values)) == values


@given(plans())
def test_same_name_same_plan(plan: Plan) -> None:
    """A name and a slot always give the same plan."""
    assert make_plan(plan.student, plan.slot, nonce=plan.nonce) == plan


def _names(plan: Plan) -> set[str]:
    return {
        *plan.node_names(),
        *plan.machine_names(),
        plan.cluster,
        plan.lan_name,
        plan.edge_name,
        plan.context,
    }


@given(plans(), plans())
def test_two_students_stand_side_by_side(one: Plan, two: Plan) -> None:
    """Two students share no name, and with other LANs no network at all."""
    assume(one.student != two.student)

    assert not _names(one) & _names(two)
    if not one.lan.overlaps(two.lan):
        assert not one.edge.overlaps(two.edge)
        assert not one.lan.overlaps(two.edge)
        assert not two.lan.overlaps(one.edge)


@pytest.mark.parametrize("student", [DEMO, "ann"])
def test_slots_are_different_networks(student: str) -> None:
    """No two slots of a student share a LAN or an edge."""
    nets = [
        (plan.lan, plan.edge)
        for plan in (make_plan(student, slot) for slot in slots(student))
    ]

    assert len({lan for lan, _ in nets}) == len(nets)
    assert len({edge for _, edge in nets}) == len(nets)


def test_prefix_names_do_not_clash() -> None:
    """Names that begin alike share nothing."""
    found = [make_plan(name) for name in ("a", "a-b", "kind", "lan-a")]

    assert not any(
        _names(one) & _names(two)
        for one, two in itertools.combinations([make_plan(), *found], 2)
    )


def test_demo_has_the_modules_numbers() -> None:
    """The demo student's plan is the module's."""
    found = make_plan().as_vars()
    want = {
        "cluster": "metallb-lab",
        "context": "kind-metallb-lab",
        "lan_name": "kind",
        "edge_name": "metallb-lab-edge",
        "lan": "172.18.0.0/16",
        "lan_gateway": "172.18.0.1",
        "node_range": "172.18.1.0/24",
        "edge": "10.90.0.0/24",
        "dhcp_first": "172.18.100.100",
        "dhcp_last": "172.18.100.199",
        "pool_name": "kind-pool",
        "advertisement_name": "kind-l2",
        "pool": "172.18.255.200-172.18.255.250",
        "service_range": "172.18.255.0/24",
        "private_pool": "172.18.254.200-172.18.254.250",
        "bgp_pool": "10.0.100.0/24",
        "cluster_asn": 64500,
        "router_asn": 64501,
    }

    assert {key: found[key] for key in want} == want


@pytest.mark.parametrize(
    ("student", "lan", "bgp_pool", "pool", "dhcp_first", "variant"),
    [
        ("ada", 198, 199, "10.198.204.190-10.198.204.240", "24.130", "c"),
        ("bob", 150, 151, "10.150.241.110-10.150.241.160", "77.80", "d"),
        ("class-7", 185, 186, "10.185.225.80-10.185.225.130", "132.80", "d"),
    ],
)
def test_numbers_of_a_name_never_change(  # noqa: PLR0913, PLR0917 - numbers of a plan
    student: str,
    lan: int,
    bgp_pool: int,
    pool: str,
    dhcp_first: str,
    variant: str,
) -> None:
    """An update of the kit in the middle of a course moves no one."""
    plan = make_plan(student)

    assert str(plan.lan) == f"10.{lan}.0.0/16"
    assert str(plan.bgp_pool) == f"10.0.{bgp_pool}.0/24"
    assert plan.pool == pool
    assert str(plan.dhcp_first) == f"10.{lan}.{dhcp_first}"
    assert variant_for(plan, "lab-1-pending-service", "abcdefg") == variant


def test_demo_machines() -> None:
    """The demo student's machines are where the picture shows them."""
    found = make_plan().as_vars()

    assert found["nodes"]["worker2"] == {
        "name": "metallb-lab-worker2",
        "lan": "172.18.1.4",
    }
    assert found["machines"] == {
        "router": {
            "name": "metallb-lab-router",
            "lan": "172.18.0.2",
            "edge": "10.90.0.2",
        },
        "lan-client": {
            "name": "metallb-lab-lan-client",
            "lan": "172.18.0.3",
        },
        "dhcp": {"name": "metallb-lab-dhcp", "lan": "172.18.0.4"},
        "desk": {"name": "metallb-lab-desk", "lan": "172.18.0.5"},
        "client": {"name": "metallb-lab-client", "edge": "10.90.0.10"},
    }


def test_vars_have_every_name() -> None:
    """Every public name of the plan but its shape is a variable."""
    public = {
        name
        for name in dir(make_plan())
        if not name.startswith("_")
        and not callable(getattr(make_plan(), name))
    }

    assert set(VARS) == public - {"shape", "nonce"}


def test_lan_name_can_be_replaced() -> None:
    """The network's name is the caller's where `kind` is not free."""
    assert make_plan(lan_name="metallb-lab").lan_name == "metallb-lab"


@pytest.mark.parametrize(
    "student", ["", "Ann", "a_b", "-a", "a-", "ä", "a" * 21, "a b", "a\n"]
)
def test_odd_names_are_refused(student: str) -> None:
    """The error for an odd name says which characters are allowed."""
    with pytest.raises(UsageError, match="1 to 20 of a-z, 0-9 and -"):
        make_plan(student)


@pytest.mark.parametrize(
    "student", ["lan", "edge", "ann-lan", "client", "a-control-plane"]
)
def test_names_of_networks_are_refused(student: str) -> None:
    """A name is refused that would give two labs one name."""
    with pytest.raises(
        UsageError, match="a word that the lab's own names end"
    ):
        make_plan(student)


def test_slots_end() -> None:
    """A slot that does not exist is refused with the ones that do."""
    with pytest.raises(UsageError, match="slot must be 0 to 62, not 63"):
        make_plan(DEMO, 63)


def test_demo_gets_the_first_variant() -> None:
    """The demo student has the first variant of each lab."""
    assert variant_for(make_plan(), "lab-1-x", ["a", "b", "c"]) == "a"


@given(names)
def test_variants_are_stable(student: str) -> None:
    """A student keeps the variant, whatever networks the lab got."""
    assume(student != DEMO)
    one, two = make_plan(student), make_plan(student, 7)

    assert variant_for(one, "lab-1", "abc") == variant_for(two, "lab-1", "abc")


def test_variants_are_spread() -> None:
    """A class of thirty meets every one of eight variants."""
    got = {
        variant_for(make_plan(f"s{number}"), "lab-1", "abcdefgh")
        for number in range(30)
    }

    assert got == set("abcdefgh")


@given(student=names, slot=st.sampled_from(slots("ada")))
def test_without_a_nonce_nothing_changes(student: str, slot: int) -> None:
    """An empty nonce is none; the numbers of a name are for ever."""
    assert make_plan(student, slot, nonce="") == make_plan(student, slot)


def test_numbers_of_a_name_are_for_ever() -> None:
    """Ada's numbers and faults are the ones she always had."""
    plan, variants = make_plan("ada"), list("abcdefg")

    assert str(plan.lan) == "10.198.0.0/16"
    assert plan.pool == "10.198.204.190-10.198.204.240"
    assert plan.cluster_asn == 65474
    assert (
        "".join(
            variant_for(plan, f"lab-{number}", variants) for number in range(6)
        )
        == "cbefge"
    )


@given(student=names.filter(lambda name: name != DEMO), nonce=nonces)
def test_a_nonce_gives_other_numbers(student: str, nonce: str) -> None:
    """Names stay, so that labs are found; numbers and faults change."""
    plan, plain = make_plan(student, nonce=nonce), make_plan(student)

    assert plan == make_plan(student, nonce=nonce)
    assert plan.cluster == plain.cluster
    assert plan.as_vars().keys() == plain.as_vars().keys()
    assert plan.shape != plain.shape
    assert {
        variant_for(plan, f"lab-{number}", FAULTS) for number in range(9)
    } != {variant_for(plain, f"lab-{number}", FAULTS) for number in range(9)}


@given(one=nonces, other=nonces)
def test_nonces_differ(one: str, other: str) -> None:
    """Last year's repair has other numbers."""
    assume(one != other)

    assert make_plan("ada", nonce=one).shape != (
        make_plan("ada", nonce=other).shape
    )


def test_demo_has_no_nonce() -> None:
    """Its numbers are the module's; a class gives everyone a name."""
    with pytest.raises(UsageError, match="module's own numbers"):
        make_plan(nonce="0" * 16)
