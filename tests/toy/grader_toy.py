# ruff: noqa: D403 - a check's sentence may begin with a name
"""The toy lab's grader: what happens is what the session says."""

from __future__ import annotations

from typing import Any

from graders.checks.check import CannotCheck, check, expect, fail


def act(lab: Any) -> None:  # noqa: ANN401 - the toy session is built by tests
    """Do what the session wants of the check that calls next."""
    action = lab.actions.pop(0) if lab.actions else "pass"
    if isinstance(action, BaseException):
        raise action
    if action == "fail":
        fail("two machines answer", seen_by="arping -c 3 192.0.2.7")
    if action == "cannot":
        raise CannotCheck("no answer from the cluster", remedy="run lab up")


@check(layer="allocation")
def test_vip(lab: Any) -> None:  # noqa: ANN401 - same
    """web has a VIP from {pool_name}."""
    print("printed by a check")  # noqa: T201 - it must not reach the screen
    act(lab)


@check(layer="advertisement", needs=("vip",))
def test_arp(lab: Any) -> None:  # noqa: ANN401 - same
    """one node answers for the VIP."""
    act(lab)


@check(layer="route")
def test_route(lab: Any) -> None:  # noqa: ANN401 - same
    """the router has a next hop for every eligible node."""
    expect(
        "next hops",
        expected={"192.0.2.3", "192.0.2.4"},
        actual=lab.hops,
        seen_by="vtysh -c 'show ip route' on router",
        evidence="B>* 192.0.2.7/32\n  via 192.0.2.3",
    )


@check(layer="forwarding", needs=("route", "arp"))
def test_http(lab: Any) -> None:  # noqa: ANN401 - same
    """the client gets the page."""
    assert lab.page == "hello"


@check(layer="policy", variants=("no-pool",), exclusive=True)
def test_reservation(lab: Any) -> None:  # noqa: ANN401 - same
    """nobody else may use {pool_name}."""
    act(lab)
