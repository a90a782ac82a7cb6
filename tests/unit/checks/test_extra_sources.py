"""Addresses that the outside client lends, and has no longer afterwards."""

from __future__ import annotations

from ipaddress import ip_address
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from graders.checks.extra_sources import extra_source_addresses, paths_from
from graders.plan.plan import make_plan
from graders.probes.client import Client
from tests.says import says

if TYPE_CHECKING:
    from graders.checks.session import Session


def test_each_half_of_the_edge_is_tried() -> None:
    """No route to one client, or to half of the edge, leads to both."""
    plan, machine = make_plan("demo"), says("")
    lab = SimpleNamespace(plan=plan, client=Client(machine))
    lower, upper = plan.edge.subnets()

    with extra_source_addresses(cast("Session", lab)) as addresses:
        first, second = map(ip_address, addresses)

    assert first in lower
    assert second in upper
    hosts = {host.edge for host in plan.machines.values()}
    assert not {first, second} & {*hosts, plan.edge_gateway}
    added, removed = machine.asked
    assert added.replace("replace", "del") == removed
    assert all(f"{address}/24" in removed for address in addresses)


def test_each_newcomer_goes_each_way() -> None:
    """It sends from its own address, and is to be seen under that one."""
    client = Client(says(""))
    lab = SimpleNamespace(client=client)

    ways = paths_from(cast("Session", lab), ["10.90.0.77"], "a", "b")

    assert [way.vip for way in ways] == ["a", "b"]
    assert {(way.own, way.source) for way in ways} == {
        ("10.90.0.77", "10.90.0.77")
    }
