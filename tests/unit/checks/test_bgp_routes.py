"""Routes of the router that BGP has not chosen."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from graders.checks.bgp_routes import (
    has_all_updates,
    ignores_ports,
    stray_routes,
)
from graders.plan.plan import make_plan
from graders.probes.router import BgpSession, Route

PLAN = make_plan()
WORKER, WORKER2 = (str(PLAN.nodes[at].lan) for at in ("worker", "worker2"))
VIP = f"{PLAN.bgp_vip}/32"
BOTH = frozenset({WORKER, WORKER2})


def lab(**answers: object) -> Any:  # noqa: ANN401 - a stand-in
    """Return a session whose router answers so, and has nothing else."""
    known: dict[str, object] = {
        "routes": {VIP: BOTH},
        "kernel_routes": [],
        "own_routes": [],
        **answers,
    }
    router = {
        name: lambda *_, value=value, **__: value
        for name, value in known.items()
    }
    return SimpleNamespace(plan=PLAN, router=SimpleNamespace(**router))


def route(prefix: str, protocol: str, *hops: str) -> Route:
    """Return a route."""
    return Route(prefix, protocol, frozenset(hops))


@pytest.mark.parametrize(
    "found",
    [
        route(VIP, "bgp", WORKER, WORKER2),
        route("0.0.0.0/0", "", str(PLAN.lan_gateway)),
        route("192.0.2.0/24", "bgp", WORKER),
    ],
)
def test_routes_of_the_kernel(found: Route) -> None:
    """Those that BGP has chosen are right, and those to elsewhere."""
    assert stray_routes(lab(kernel_routes=[found])) == []


@pytest.mark.parametrize(
    "found",
    [
        route(VIP, "bgp", WORKER),
        route(f"{PLAN.bgp_pool[9]}/32", "bgp", WORKER),
        route("0.0.0.0/0", "", WORKER2),
    ],
)
def test_strays_of_the_kernel(found: Route) -> None:
    """That a route says it is BGP's proves nothing."""
    assert stray_routes(lab(kernel_routes=[found])) == [str(found)]


def test_second_route_of_the_kernel() -> None:
    """BGP writes a prefix once."""
    found = route(VIP, "bgp", WORKER, WORKER2)

    assert stray_routes(lab(kernel_routes=[found, found])) == [str(found)]


@pytest.mark.parametrize(
    ("found", "is_stray"),
    [
        (route(VIP, "bgp", WORKER), False),
        (route(VIP, "kernel", WORKER), False),
        (route(VIP, "static", WORKER), True),
        (route(str(PLAN.bgp_pool), "static"), True),
        (route("10.0.0.0/8", "static", WORKER), True),
        (route("10.0.0.0/8", "static", "192.0.2.1"), False),
        (route("192.0.2.0/24", "static", WORKER), False),
    ],
)
def test_strays_of_frr(found: Route, is_stray: bool) -> None:  # noqa: FBT001 - a row of the table
    """What FRR holds ready counts; the kernel's own are looked at there."""
    assert bool(stray_routes(lab(own_routes=[found]))) is is_stray


def session(up: float = 60, quiet: float = 60, **more: Any) -> BgpSession:  # noqa: ANN401 - fields
    """Return a session that has been up, and silent, for some seconds."""
    fields = {"state": "Established", "keeps_refused": False, **more}
    return BgpSession(
        **fields,
        local_as=1,
        remote_as=2,
        hold_time=9,
        families=frozenset(),
        seconds_up=up,
        seconds_quiet=quiet,
    )


@pytest.mark.parametrize(
    ("other", "certain"),
    [
        (session(), True),
        (session(up=2), False),
        (session(quiet=2), False),
        (session(keeps_refused=True), False),
        (session(state="Active"), False),
    ],
)
def test_has_all_updates(other: BgpSession, certain: bool) -> None:  # noqa: FBT001 - a row of the table
    """Who has sent a path does not matter."""
    sessions = {WORKER: session(up=1), WORKER2: other}
    found = lab(sessions=sessions, next_hops=frozenset({WORKER}))

    assert has_all_updates(found, VIP) is certain


@pytest.mark.parametrize(
    ("hops", "certain"),
    [
        ([WORKER] * 40, True),
        ([WORKER] * 39 + [WORKER2], False),
        # Some ports got no answer.
        ([WORKER] * 39, False),
        ([], False),
    ],
)
def test_ignores_ports(hops: list[str], certain: bool) -> None:  # noqa: FBT001 - a row of the table
    """It is certain only if every port gets the same next hop."""
    found = lab(next_hops_by_port=hops)

    assert ignores_ports(found, str(PLAN.bgp_vip)) is certain
