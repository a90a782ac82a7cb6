"""Sessions, announcements and passwords of BGP."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from graders.checks import bgp
from graders.checks.bgp import (
    advertise_foreign_prefix,
    announcing_nodes,
    bgp_announcers,
    expect_bgp_port,
    expect_passwords_kept,
    expect_session,
    expect_unsigned_dropped,
    kernel_route,
    node_names,
    passwords,
)
from graders.checks.check import CheckFailed
from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.probes.router import BgpSession, Router
from graders.providers.machine import Output
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


def _established(local_as: int, remote_as: int) -> BgpSession:
    return BgpSession("Established", local_as, remote_as, 9, frozenset())


def test_a_session_must_be_up_and_as_agreed() -> None:
    """What it is instead is told, also where there is none."""
    lab: Any = session()
    own, far = PLAN.router_asn, PLAN.cluster_asn

    expect_session(lab, "w", "a", _established(own, far))
    with pytest.raises(CheckFailed, match="Established, not not configured"):
        expect_session(lab, "w", "a", None)
    with pytest.raises(CheckFailed, match="AS numbers of router and w to be"):
        expect_session(lab, "w", "a", _established(1, far))


CONFIGURATION = "\n".join(
    f" neighbor {node.lan} password orchid" for node in PLAN.nodes.values()
)
SS = "0      0          172.18.1.3:41712      172.18.1.2:"


def machines(code: int = 0, out: str = "", config: str = "") -> Any:  # noqa: ANN401 - a stand-in
    """Return a session whose machines all say `out`."""
    machine = SimpleNamespace(
        run=lambda *argv: Output(" ".join(argv), code, out, "")
    )
    return SimpleNamespace(
        plan=PLAN,
        machine=lambda _: machine,
        router=SimpleNamespace(config=lambda: config),
    )


def test_a_group_gives_its_neighbours_their_password() -> None:
    """A neighbour's own password counts before its group's."""
    text = """
 neighbor NODES peer-group
 neighbor NODES password orchid
 neighbor 192.0.2.3 peer-group NODES
 neighbor 192.0.2.4 peer-group NODES
 neighbor 192.0.2.4 password oak
 neighbor 192.0.2.5 remote-as 64500
"""
    found = passwords(text)

    assert found["192.0.2.3"] == "orchid"
    assert found["192.0.2.4"] == "oak"
    assert "192.0.2.5" not in found


def recorded(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Have the router's configuration of the lab's start be `text`."""
    known = {"router": {"configuration": text}}
    monkeypatch.setattr(bgp, "read_baseline", lambda _: known)


def test_the_passwords_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of the lines is nothing, and a group will do."""
    recorded(monkeypatch, CONFIGURATION)
    lines = sorted(CONFIGURATION.splitlines(), reverse=True)

    expect_passwords_kept(machines(config="\n".join(lines)))


@pytest.mark.parametrize(
    ("now", "got"),
    [
        (CONFIGURATION.replace("orchid", "oak"), "another one"),
        ("", "none"),
    ],
)
def test_a_changed_password_is_refused(
    monkeypatch: pytest.MonkeyPatch, now: str, got: str
) -> None:
    """It is not told, and neither is the right one."""
    recorded(monkeypatch, CONFIGURATION)

    with pytest.raises(CheckFailed, match=f"at the start, not {got}$"):
        expect_passwords_kept(machines(config=now))


def test_without_a_start_nobody_can_compare(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That is no fault of the student's."""
    recorded(monkeypatch, "")

    with pytest.raises(CannotCheck, match="was not recorded"):
        expect_passwords_kept(machines(config=CONFIGURATION))


@pytest.mark.parametrize(("code", "got"), [(0, "accepted"), (1, "refused")])
def test_only_silence_shows_that_a_password_is_asked_for(
    code: int, got: str
) -> None:
    """A refusal says nothing of it."""
    expect_unsigned_dropped(machines(124))

    with pytest.raises(CheckFailed, match=f"without an answer, not {got}"):
        expect_unsigned_dropped(machines(code))


def test_the_port_is_the_one_that_the_node_sends_to() -> None:
    """Other connections to the router do not matter."""
    lines = f"{SS}22  \n{SS}179  \n"

    expect_bgp_port(machines(out=lines), "worker")


@pytest.mark.parametrize(
    ("out", "got"), [(f"{SS}1179\n", "1179"), ("", "nothing")]
)
def test_another_port_is_refused(out: str, got: str) -> None:
    """Also where something on the way turns it into the right one."""
    with pytest.raises(CheckFailed, match=f"to be 179, not {got}"):
        expect_bgp_port(machines(out=out), "worker")


def test_a_node_that_cannot_tell_its_connections() -> None:
    """That is no fault of the student's."""
    with pytest.raises(CannotCheck, match="worker cannot list"):
        expect_bgp_port(machines(127), "worker")
