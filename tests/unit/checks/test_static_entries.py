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
    from tests.lab_model.checks import Judge


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
