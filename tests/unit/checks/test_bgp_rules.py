"""What the router must go on asking of its neighbours."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from graders.checks import bgp_rules
from graders.checks.check import CheckFailed
from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.providers.machine import Output

PLAN = make_plan()
CONFIGURATION = "\n".join(
    f" neighbor {node.lan} password orchid" for node in PLAN.nodes.values()
)
SS = "0      0          172.18.1.3:41712      172.18.1.2:"


def session(code: int = 0, out: str = "", config: str = "") -> Any:  # noqa: ANN401 - a stand-in
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
    found = bgp_rules.passwords(text)

    assert found["192.0.2.3"] == "orchid"
    assert found["192.0.2.4"] == "oak"
    assert "192.0.2.5" not in found


def recorded(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Have the router's configuration of the lab's start be `text`."""
    known = {"router configuration": text}
    monkeypatch.setattr(bgp_rules, "read_baseline", lambda _: known)


def test_the_passwords_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of the lines is nothing, and a group will do."""
    recorded(monkeypatch, CONFIGURATION)
    lines = sorted(CONFIGURATION.splitlines(), reverse=True)

    bgp_rules.expect_passwords_kept(session(config="\n".join(lines)))


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
        bgp_rules.expect_passwords_kept(session(config=now))


def test_without_a_start_nobody_can_compare(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That is no fault of the student's."""
    recorded(monkeypatch, "")

    with pytest.raises(CannotCheck, match="was not recorded"):
        bgp_rules.expect_passwords_kept(session(config=CONFIGURATION))


@pytest.mark.parametrize(("code", "got"), [(0, "accepted"), (1, "refused")])
def test_only_silence_shows_that_a_password_is_asked_for(
    code: int, got: str
) -> None:
    """A refusal says nothing of it."""
    bgp_rules.expect_unsigned_dropped(session(124))

    with pytest.raises(CheckFailed, match=f"without an answer, not {got}"):
        bgp_rules.expect_unsigned_dropped(session(code))


def test_the_port_is_the_one_that_the_node_sends_to() -> None:
    """Other connections to the router do not matter."""
    lines = f"{SS}22  \n{SS}179  \n"

    bgp_rules.expect_bgp_port(session(out=lines), "worker")


@pytest.mark.parametrize(
    ("out", "got"), [(f"{SS}1179\n", "1179"), ("", "nothing")]
)
def test_another_port_is_refused(out: str, got: str) -> None:
    """Also where something on the way turns it into the right one."""
    with pytest.raises(CheckFailed, match=f"to be 179, not {got}"):
        bgp_rules.expect_bgp_port(session(out=out), "worker")


def test_a_node_that_cannot_tell_its_connections() -> None:
    """That is no fault of the student's."""
    with pytest.raises(CannotCheck, match="worker cannot list"):
        bgp_rules.expect_bgp_port(session(127), "worker")
