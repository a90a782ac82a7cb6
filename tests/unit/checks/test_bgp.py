"""What is asked of the router and the speakers about BGP."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from graders.checks.bgp import (
    Neighbour,
    advertise_foreign_prefix,
    announcing_nodes,
    bgp_announcers,
    expect_session,
    kernel_route,
    neighbours,
    node_names,
)
from graders.checks.check import CheckFailed
from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.probes.router import Router
from tests.says import says

if TYPE_CHECKING:
    from graders.checks.session import Session

PLAN = make_plan()
WORKERS = [PLAN.machine_name("worker"), PLAN.machine_name("worker2")]


def session(said: str = "", items: list[dict[str, Any]] | None = None) -> Any:  # noqa: ANN401 - a stand-in
    """Return a session with a router that answers `said`."""
    asked: list[tuple[str, str]] = []

    def ask(verb: str, path: str, body: object = None) -> None:
        del body
        asked.append((verb, path.rsplit("/", 1)[1]))

    return SimpleNamespace(
        plan=PLAN,
        asked=asked,
        router=Router(says(said, "router")),
        cluster=SimpleNamespace(
            items=lambda _: [] if items is None else items,
            ask=ask,
            vip=lambda *_: "192.0.2.1",
        ),
    )


def status(node: str, **more: object) -> dict[str, Any]:
    """Return what a speaker writes of web in lab-3."""
    told = {
        "node": node,
        "serviceName": "web",
        "serviceNamespace": "lab-3",
        "peers": ["tor-router"],
    }
    return {"status": told | more}


def test_the_control_plane_is_not_eligible() -> None:
    """Workers announce, and the control plane keeps its label."""
    assert sorted(announcing_nodes(session())) == WORKERS


def test_a_route_is_told_by_the_names_of_its_next_hops() -> None:
    """Without a route there is nobody."""
    worker = str(PLAN.nodes["worker"].lan)
    told = {"dst": "10.0.100.7", "protocol": "bgp", "gateway": worker}

    assert kernel_route(session(json.dumps([told])), "10.0.100.7") == (
        "bgp",
        [WORKERS[0]],
    )
    assert kernel_route(session("[]"), "10.0.100.7") == ("", [])


def test_addresses_have_names() -> None:
    """A next hop is shown as its node; another one as it is."""
    worker = str(PLAN.nodes["worker"].lan)

    assert node_names(session(), frozenset({worker, "192.0.2.9"})) == [
        "192.0.2.9",
        WORKERS[0],
    ]


def test_neighbours_are_read() -> None:
    """State, AS numbers and hold time come from FRR's JSON."""
    told = {
        "bgpState": "Established",
        "localAs": 64501,
        "remoteAs": 64500,
        "bgpTimerHoldTimeMsecs": 9000,
    }

    found = neighbours(session(json.dumps({"192.0.2.3": told})))

    assert found == {"192.0.2.3": Neighbour("Established", 64501, 64500, 9)}


@pytest.mark.parametrize(
    "said",
    ["% BGP instance not found\n", '{"bgpNoSuchInstance":true}', "{}"],
)
def test_without_bgp_there_are_no_neighbours(said: str) -> None:
    """A router whose BGP is gone has none, and that is no error of ours."""
    assert neighbours(session(said)) == {}


def test_a_router_that_does_not_answer_is_not_judged() -> None:
    """It may be the kit's own fault."""
    said = "Exiting: failed to connect to any daemons.\n"

    with pytest.raises(CannotCheck, match="FRR on the router does not answer"):
        neighbours(session(said))


def test_a_bgp_that_was_stopped_is_told_as_such() -> None:
    """It is no missing neighbour, and the way out is said."""
    with pytest.raises(
        CannotCheck, match=r"not running on the router; `lab reset`"
    ):
        neighbours(session("bgpd is not running\n"))


def test_announcers_are_those_with_a_peer() -> None:
    """Other Services, and speakers that announce to nobody, do not count."""
    items = [
        status("one"),
        status("two", peers=[]),
        status("three", serviceName="other"),
        status("four", serviceNamespace="lab-4"),
        {},
    ]

    assert bgp_announcers(session(items=items), "web", "lab-3") == {"one"}


def test_a_probe_that_is_not_announced_cannot_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It proves nothing of the router's filter, and leaves nothing."""
    monkeypatch.setattr(
        "graders.checks.bgp.until", lambda _wait, probe, _ok: probe()
    )
    lab = session()

    with (
        pytest.raises(CannotCheck, match="do not announce"),
        advertise_foreign_prefix(cast("Session", lab), "lab-3"),
    ):
        pass

    assert [verb for verb, _ in lab.asked] == ["POST"] * 3 + ["DELETE"] * 3


def test_a_node_too_many_does_not_keep_the_grader_from_looking() -> None:
    """It is the check that judges which nodes announce."""
    nodes = PLAN.node_names()
    items: list[dict[str, Any]] = []
    lab = session(items=items)

    def ask(verb: str, path: str, body: dict[str, Any] | None = None) -> None:
        if verb == "POST" and path.endswith("/services"):
            name = (body or {})["metadata"]["name"]
            items.extend(status(node, serviceName=name) for node in nodes)

    lab.cluster.ask = ask

    with advertise_foreign_prefix(cast("Session", lab), "lab-3") as address:
        assert address == "192.0.2.1"


def test_a_session_must_be_up_and_as_agreed() -> None:
    """What it is instead is told, also where there is none."""
    lab: Any = session()
    own, far = PLAN.router_asn, PLAN.cluster_asn

    expect_session(lab, "w", "a", Neighbour("Established", own, far, 9))
    with pytest.raises(CheckFailed, match="Established, not not configured"):
        expect_session(lab, "w", "a", None)
    with pytest.raises(CheckFailed, match="AS numbers of router and w to be"):
        expect_session(lab, "w", "a", Neighbour("Established", 1, far, 9))
