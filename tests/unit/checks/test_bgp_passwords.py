"""The router's password, as its sessions and unsigned connections show it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from graders.checks import bgp_passwords
from graders.checks.bgp_passwords import (
    expect_passwords_kept,
    expect_unsigned_dropped,
)
from graders.checks.check import CheckFailed
from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.providers.machine import Output

PLAN = make_plan()
CONFIGURATION = "\n".join(
    f" neighbor {node.lan} password orchid" for node in PLAN.nodes.values()
)


def session(password: str = "", code: int = 0) -> Any:  # noqa: ANN401 - a stand-in
    """Return a session with one BGPPeer, and a node whose command ends so."""
    nodes = [{"metadata": {"name": name}} for name in PLAN.node_names()]
    peers = [{"spec": {"password": password}}]
    machine = SimpleNamespace(
        run=lambda *argv, **_: Output(" ".join(argv), code, "", "")
    )
    return SimpleNamespace(
        plan=PLAN,
        machine=lambda _: machine,
        cluster=SimpleNamespace(
            items=lambda path: peers if "bgppeers" in path else nodes
        ),
    )


def record(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Set the recorded configuration of the router."""
    known = {"router": {"configuration": text}}
    monkeypatch.setattr(bgp_passwords, "read_baseline", lambda _: known)


def test_passwords_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions need the password of both sides."""
    record(monkeypatch, CONFIGURATION)

    expect_passwords_kept(session("orchid"))


@pytest.mark.parametrize(
    ("now", "actual"), [("oak", "another one"), ("", "none")]
)
def test_password_changed(
    monkeypatch: pytest.MonkeyPatch, now: str, actual: str
) -> None:
    """The failure does not show any password."""
    record(monkeypatch, CONFIGURATION)

    with pytest.raises(CheckFailed, match=f"at the start, not {actual}$"):
        expect_passwords_kept(session(now))


def test_passwords_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is not the student's failure."""
    record(monkeypatch, "")

    with pytest.raises(CannotCheck, match="was not recorded"):
        expect_passwords_kept(session("orchid"))


@pytest.mark.parametrize(("code", "actual"), [(0, "accepted"), (1, "refused")])
def test_expect_unsigned_dropped(code: int, actual: str) -> None:
    """Only a timeout proves that a password is required."""
    expect_unsigned_dropped(session(code=124), "worker")

    with pytest.raises(CheckFailed, match=f"without an answer, not {actual}"):
        expect_unsigned_dropped(session(code=code), "worker2")
