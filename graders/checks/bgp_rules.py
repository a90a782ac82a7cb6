"""What the router asks of its neighbours, which no repair may change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from graders.checks.check import expect
from graders.errors import CannotCheck
from graders.state.lab_state import read_baseline

if TYPE_CHECKING:
    from graders.checks.session import Session

# Of `timeout`: the command was still waiting when its time was over.
_NO_ANSWER: Final = 124
_CONFIGURED: Final = re.compile(
    r"^ *neighbor (\S+) (password|peer-group) (\S+)$", re.MULTILINE
)
PORT: Final = "179"


def passwords(configuration: str) -> dict[str, str]:
    """Return the password that each neighbour must know, by address.

    A neighbour without one of its own has that of its group.
    """
    found = _CONFIGURED.findall(configuration)
    own = {who: text for who, what, text in found if what == "password"}
    groups = {who: text for who, what, text in found if what == "peer-group"}
    inherited = {
        who: own[group] for who, group in groups.items() if group in own
    }
    return inherited | own


def expect_passwords_kept(lab: Session) -> None:
    """Fail unless the router asks each node for what it asked for at first.

    Which password a session uses is seen by nobody who does not know it, so
    this is the one place where the router's configuration is read.

    Raises:
        CannotCheck: the start state was not recorded.

    """
    recorded = read_baseline(lab.plan) or {}
    wanted = passwords(recorded.get("router configuration", ""))
    if not wanted:
        raise CannotCheck(
            "the router's password of the lab's start was not recorded",
            way_out="`lab reset` starts the lab again",
        )
    now = passwords(lab.router.config())
    for node in lab.plan.nodes.values():
        address = str(node.lan)
        actual = now.get(address, "")
        expect(
            f"the password that the router asks {node.name} for to be",
            expected="the one that it asked for at the start",
            actual="another one" if actual else "none",
            ok=actual == wanted.get(address, ""),
            seen_by="vtysh -c 'show running-config' on router",
        )


def expect_unsigned_dropped(lab: Session) -> None:
    """Fail unless the router leaves a node without a password waiting.

    A refusal would be an answer: it comes where nobody listens or a filter
    stands in the way, and says nothing of passwords.
    """
    # The positive control is the session of the same node.
    router = lab.plan.machines["router"].lan
    knock = f"exec 3<>/dev/tcp/{router}/{PORT}"
    done = lab.machine("worker").run("timeout", "1", "bash", "-c", knock)
    expect(
        "a connection to the router without a password to be",
        expected="left without an answer",
        actual="refused" if done.code else "accepted",
        ok=done.code == _NO_ANSWER,
        seen_by=f"timeout 1 bash -c '{knock}' on worker",
        evidence=done.text,
    )


def expect_bgp_port(lab: Session, role: str) -> None:
    """Fail unless a node's session goes to BGP's own port on the router.

    It is the speaker that connects, so the port to which its node sends is
    the one that it was told, whatever turns it into another on the way.

    Raises:
        CannotCheck: the node cannot tell.

    """
    router = str(lab.plan.machines["router"].lan)
    look = ("ss", "-Htn", "state", "established", "dst", router)
    done = lab.machine(role).run(*look)
    if done.code:
        raise CannotCheck(f"{role} cannot list its connections: {done.text}")
    ports = {
        line.split()[-1].rpartition(":")[2] for line in done.out.splitlines()
    }
    expect(
        f"the port of the router to which {lab.plan.nodes[role].name} speaks"
        " BGP to be",
        expected=PORT,
        actual=ports,
        ok=PORT in ports,
        seen_by=f"{' '.join(look)} on {role}",
        evidence=done.out,
    )
