"""Sessions, announcements and passwords of BGP."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from graders.checks.bgp import (
    announcing_nodes,
    bgp_announcers,
    expect_bgp_port,
    expect_router_listens,
    expect_session,
    kernel_route,
    node_names,
    passwords,
)
from graders.checks.check import CheckFailed
from graders.plan.plan import make_plan
from graders.probes.router import BgpSession, Router
from graders.providers.machine import Output
from tests.fakes import FakeClock, says

PLAN = make_plan()
WORKERS = [PLAN.machine_name("worker"), PLAN.machine_name("worker2")]


def session(said: str = "", *reporters: str) -> Any:  # noqa: ANN401 - a stand-in
    """Return a session: what its router prints, and which nodes report."""
    return SimpleNamespace(
        plan=PLAN,
        router=Router(says(said, "router")),
        cluster=SimpleNamespace(
            bgp_reporters=lambda *_: frozenset(reporters),
            vip=lambda *_: "192.0.2.1",
        ),
    )


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
    """A speaker's report is enough: the router may have no route yet."""
    lab = session("{}", "one")

    assert bgp_announcers(lab, "web", "lab-3") == {"one"}


def test_announcers_that_report_nothing() -> None:
    """The router's paths show them; those of other machines are not theirs."""
    worker = str(PLAN.nodes["worker"].lan)
    hops = [{"ip": worker}, {"ip": "192.0.2.9"}]
    paths = [{"valid": True, "nexthops": hops}]
    lab = session(json.dumps({"routes": {"192.0.2.1/32": paths}}))

    assert bgp_announcers(lab, "web", "lab-3") == {WORKERS[0]}


def test_announcers_without_frr(monkeypatch: pytest.MonkeyPatch) -> None:
    """That FRR is stopped is not for this to say."""
    monkeypatch.setattr("graders.polling.time", FakeClock())
    lab = session("bgpd is not running", WORKERS[0])

    assert bgp_announcers(lab, "web", "lab-3") == {WORKERS[0]}


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


SS = "0      0          172.18.1.3:41712      172.18.1.2:"


def machines(code: int = 0, out: str = "") -> Any:  # noqa: ANN401 - a stand-in
    """Return a session whose machines all print `out`."""
    machine = SimpleNamespace(
        run=lambda *argv: Output(" ".join(argv), code, out, "")
    )
    return SimpleNamespace(
        plan=PLAN,
        machine=lambda _: machine,
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
    """Only a person removes the program."""
    with pytest.raises(CheckFailed, match="expected worker to list"):
        expect_bgp_port(machines(127), "worker")


def test_router_listens() -> None:
    """One of its ports is BGP's."""
    lines = "LISTEN 0 128 0.0.0.0:22 *:*\nLISTEN 0 128 [::]:179 *:*\n"

    expect_router_listens(machines(out=lines))
    with pytest.raises(CheckFailed, match="to be 179, not not open"):
        expect_router_listens(machines(out=lines.replace("179", "1179")))
    with pytest.raises(CheckFailed, match="expected router to list"):
        expect_router_listens(machines(127))
