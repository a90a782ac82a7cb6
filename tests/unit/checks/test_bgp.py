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
from tests.fakes import says

if TYPE_CHECKING:
    from graders.checks.session import Session


PLAN = make_plan()
WORKERS = [PLAN.machine_name("worker"), PLAN.machine_name("worker2")]


def session(said: str = "", items: list[dict[str, Any]] | None = None) -> Any:  # noqa: ANN401 - a stand-in
    """Return a session whose router prints `said`."""
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
    """Return the status that a speaker writes for web in lab-3."""
    told = {
        "node": node,
        "serviceName": "web",
        "serviceNamespace": "lab-3",
        "peers": ["tor-router"],
    }
    return {"status": told | more}


def test_announcing_nodes() -> None:
    """The control plane is not one of them."""
    assert sorted(announcing_nodes(session())) == WORKERS


def test_kernel_route() -> None:
    """Next hops are names of nodes; without a route there are none."""
    worker = str(PLAN.nodes["worker"].lan)
    told = {"dst": "10.0.100.7", "protocol": "bgp", "gateway": worker}

    assert kernel_route(session(json.dumps([told])), "10.0.100.7") == (
        "bgp",
        [WORKERS[0]],
    )
    assert kernel_route(session("[]"), "10.0.100.7") == ("", [])


def test_node_names() -> None:
    """An address of no node is returned as it is."""
    worker = str(PLAN.nodes["worker"].lan)

    assert node_names(session(), frozenset({worker, "192.0.2.9"})) == [
        "192.0.2.9",
        WORKERS[0],
    ]


def test_bgp_announcers() -> None:
    """Other Services and speakers without peers do not count."""
    items = [
        status("one"),
        status("two", peers=[]),
        status("three", serviceName="other"),
        status("four", serviceNamespace="lab-4"),
        {},
    ]

    assert bgp_announcers(session(items=items), "web", "lab-3") == {"one"}


def test_foreign_prefix_not_announced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The filter cannot be checked, and the objects are removed."""
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


def test_foreign_prefix_from_all_nodes() -> None:
    """An extra announcer is for the check to judge."""
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


def test_expect_session() -> None:
    """The failure says what the session is instead."""
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
    """Return a session whose machines all print `out`."""
    machine = SimpleNamespace(
        run=lambda *argv: Output(" ".join(argv), code, out, "")
    )
    return SimpleNamespace(
        plan=PLAN,
        machine=lambda _: machine,
        router=SimpleNamespace(config=lambda: config),
    )


def test_passwords() -> None:
    """A neighbour's own password overrides that of its group."""
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
    """Set the recorded configuration of the router."""
    known = {"router": {"configuration": text}}
    monkeypatch.setattr(bgp, "read_baseline", lambda _: known)


def test_passwords_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of the lines does not matter."""
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
def test_password_changed(
    monkeypatch: pytest.MonkeyPatch, now: str, got: str
) -> None:
    """The failure does not show any password."""
    recorded(monkeypatch, CONFIGURATION)

    with pytest.raises(CheckFailed, match=f"at the start, not {got}$"):
        expect_passwords_kept(machines(config=now))


def test_passwords_not_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That is not the student's failure."""
    recorded(monkeypatch, "")

    with pytest.raises(CannotCheck, match="was not recorded"):
        expect_passwords_kept(machines(config=CONFIGURATION))


@pytest.mark.parametrize(("code", "got"), [(0, "accepted"), (1, "refused")])
def test_expect_unsigned_dropped(code: int, got: str) -> None:
    """Only a timeout proves that a password is required."""
    expect_unsigned_dropped(machines(124))

    with pytest.raises(CheckFailed, match=f"without an answer, not {got}"):
        expect_unsigned_dropped(machines(code))


def test_bgp_port() -> None:
    """Other connections to the router do not matter."""
    lines = f"{SS}22  \n{SS}179  \n"

    expect_bgp_port(machines(out=lines), "worker")


@pytest.mark.parametrize(
    ("out", "got"), [(f"{SS}1179\n", "1179"), ("", "nothing")]
)
def test_other_bgp_port(out: str, got: str) -> None:
    """Another port fails, even if it is translated to 179 on the way."""
    with pytest.raises(CheckFailed, match=f"to be 179, not {got}"):
        expect_bgp_port(machines(out=out), "worker")


def test_bgp_port_unknown() -> None:
    """That is not the student's failure."""
    with pytest.raises(CannotCheck, match="worker cannot list"):
        expect_bgp_port(machines(127), "worker")
