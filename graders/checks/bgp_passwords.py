"""The password that the router asks its neighbours for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from graders.checks.bgp import BGP_PORT, passwords
from graders.checks.bgp_peers import SEE_PEERS, bgp_peers, peer_password
from graders.checks.check import expect
from graders.errors import CannotCheck
from graders.probes.programs import run_program
from graders.state.lab_state import read_baseline

if TYPE_CHECKING:
    from graders.checks.session import Session

# The exit code of `timeout` when it ended the command.
_TIMED_OUT: Final = 124


def expect_passwords_kept(lab: Session) -> None:
    """Fail unless each session uses the password of the lab's start.

    A session is only up if both sides sign with the same password. So once
    all are up, the cluster's side shows the router's, in whatever way the
    router is configured: by neighbours, peer groups or listen ranges.

    Example:
        expect_passwords_kept(lab)

    Raises:
        CheckFailed: a session uses another password, or none.
        CannotCheck: the start of the lab was not recorded.

    """
    baseline = read_baseline(lab.plan) or {}
    recorded = passwords(baseline.get("router", {}).get("configuration", ""))
    if not recorded:
        raise CannotCheck(
            "the router's password of the lab's start was not recorded",
            remedy="`lab reset` starts the lab again",
        )
    peers = bgp_peers(lab)
    for node in lab.plan.nodes.values():
        used = {peer_password(lab, peer) for peer in peers[node.name]}
        expect(
            f"the password that the router asks {node.name} for to be",
            expected="the one that it asked for at the start",
            actual="another one" if any(used) else "none",
            ok=used == {recorded.get(str(node.lan), "")},
            seen_by=SEE_PEERS,
        )


def expect_unsigned_dropped(lab: Session, role: str) -> None:
    """Fail unless the router ignores a node's connection without a password.

    A refused connection proves nothing: it shows that no program listens or
    that a filter is in place. The positive control is the same node's
    session.

    Example:
        expect_unsigned_dropped(lab, "worker")

    Raises:
        CheckFailed: the router accepts or refuses the connection.
        CannotCheck: the node does not answer.

    """
    router = lab.plan.machines["router"].lan
    connect = f"exec 3<>/dev/tcp/{router}/{BGP_PORT}"
    result = run_program(
        lab.machine(role), "timeout", "1", "bash", "-c", connect
    )
    expect(
        f"a connection of {lab.plan.nodes[role].name} to the router without a"
        " password to be",
        expected="left without an answer",
        actual="refused" if result.code else "accepted",
        ok=result.code == _TIMED_OUT,
        seen_by=f"timeout 1 bash -c '{connect}' on {role}",
        evidence=result.text,
    )
