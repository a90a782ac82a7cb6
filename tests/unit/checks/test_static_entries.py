"""Static entries on the machines of a modelled lab with BGP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.checks.check import CheckFailed
from graders.checks.static_entries import (
    expect_no_static_entries,
    expect_not_on_interface,
    find_static_entries,
)

if TYPE_CHECKING:
    from graders.probes.static_entries import Kind
    from tests.lab_model.checks import Judge
    from tests.lab_model.model import LabModel


def test_routes_of_the_router(judge: Judge) -> None:
    """A route that says it is BGP's was learnt by BGP, or is refused."""
    model = judge.on("3")
    vip = str(model.plan.bgp_vip)
    lines = ["{} proto bgp metric 20 nexthop via 172.18.1.3 dev eth0"]
    routes = {"route": [line.format(vip) for line in lines]}
    model.tables = {"router": routes}  # type: ignore[dict-item] # a literal

    expect_no_static_entries(model.session(), [vip])

    model.cluster.remove(model.one("BGPAdvertisement"))
    with pytest.raises(CheckFailed, match=f"a static route to {vip}"):
        expect_no_static_entries(model.session(), [vip])


def test_routes_do_not_answer_arp(judge: Judge) -> None:
    """A node with a route to a VIP does not have it on an interface."""
    model = judge.on("2")
    vip = str(model.plan.l2_vip)
    model.tables = {"worker": {"route": [f"{vip} via 172.18.1.3 dev eth0"]}}

    expect_not_on_interface(model.session(), [vip, "", "no address"])

    assert len(find_static_entries(model.session(), [vip])) == 1
    model.tables = {"worker": {"proxy": [f"{vip} dev eth0 proxy"]}}
    with pytest.raises(CheckFailed, match="proxy neighbour entry"):
        expect_not_on_interface(model.session(), [vip])


def _look(model: LabModel) -> None:
    expect_no_static_entries(model.session(), [str(model.plan.l2_vip)])


@pytest.mark.parametrize(
    "rule",
    [
        "-A POSTROUTING -o eth0 -j MASQUERADE",
        "-A POSTROUTING -s {edge} -j SNAT --to-source 172.18.0.2",
        "-A POSTROUTING -s {edge} ! -o eth1 -j MASQUERADE",
        "-A POSTROUTING ! -s 192.0.2.0/24 -j MASQUERADE",
    ],
)
def test_clients_are_hidden(judge: Judge, rule: str) -> None:
    """The router makes its own packets of those of outside clients."""
    model = judge.on("2")
    line = rule.format(edge=model.plan.edge)
    model.tables = {"router": {"translation": [line]}}

    with pytest.raises(CheckFailed, match=r"router .*no longer see who calls"):
        _look(model)


@pytest.mark.parametrize(
    ("role", "rule"),
    [
        ("router", "-A POSTROUTING -o eth1 -j MASQUERADE"),
        ("router", "-A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE"),
        ("router", "-A POSTROUTING -d 192.0.2.0/24 -j MASQUERADE"),
        (
            "worker",
            "-A POSTROUTING -s 10.244.1.0/24 ! -d 10.244.0.0/16 -j MASQUERADE",
        ),
    ],
)
def test_others_may_be_hidden(judge: Judge, role: str, rule: str) -> None:
    """Nodes hide pods, and what a router does with others is not judged."""
    model = judge.on("2")
    model.tables = {role: {"translation": [rule]}}

    _look(model)


@pytest.mark.parametrize(
    "route",
    [
        "172.18.0.0/16 dev eth0 table 100 scope link src 172.18.1.3",
        "172.18.0.0/16 nhid 9 dev eth0 table 100 scope link",
        "default via 172.18.0.2 dev eth0 table 100",
        "10.90.0.0/24 nhid 10 via 172.18.0.2 dev eth0 table 100",
    ],
)
def test_tables_of_policy_routing(judge: Judge, route: str) -> None:
    """A node may repeat its own network's route in a table of a rule."""
    model = judge.on("2")
    model.tables = {"worker": {"route": [route]}}

    _look(model)


@pytest.mark.parametrize(
    "route",
    [
        "172.18.0.0/16 via 172.18.1.4 dev eth0 table 100",
        "172.18.0.0/16 nhid 9 via 172.18.1.4 dev eth0",
        "172.18.0.0/16 proto static nexthop via 172.18.1.4 dev eth0 weight 1",
        "172.18.0.0/16 encap ip id 0 src 1.2.3.4 dst 172.18.1.4 dev eth0",
        "172.18.0.0/16 dev eth1 scope link",
        "172.18.255.0/24 dev eth0 scope link",
        "unreachable 172.18.0.0/16 dev lo table 100",
        "local 172.18.255.200 dev lo table 100 scope host",
    ],
)
def test_routes_by_others(judge: Judge, route: str) -> None:
    """One that leads elsewhere is no repetition, whatever its table."""
    model = judge.on("2")
    model.tables = {"worker": {"route": [route]}}

    with pytest.raises(CheckFailed, match=r"worker \("):
        _look(model)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("route", "local default dev lo table 100 scope host"),
        ("setting", "net.ipv4.conf.eth0.proxy_arp = 1"),
        ("setting", "net.ipv4.conf.all.proxy_arp_pvlan = 1"),
        (
            "nft",
            "arp mine in arp daddr ip {} arp daddr ip set 172.18.1.3",
        ),
    ],
)
def test_nodes_answer_in_other_ways(
    judge: Judge, kind: Kind, line: str
) -> None:
    """A node may answer ARP for a VIP that it does not have."""
    model = judge.on("2")
    vip = str(model.plan.l2_vip)
    model.tables = {"worker": {kind: [line.format(vip)]}}

    with pytest.raises(CheckFailed, match="no machine, not worker"):
        expect_no_static_entries(model.session(), [vip])

    model.tables = {"worker": {"route": ["default via 172.18.0.2 table 100"]}}
    expect_no_static_entries(model.session(), [vip])
