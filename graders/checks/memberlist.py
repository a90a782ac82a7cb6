"""Memberlist, by which MetalLB's speakers watch each other."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Final

from graders.checks.check import expect
from graders.checks.parallel import run_parallel
from graders.kube.names import METALLB_APPS
from graders.probes.programs import run_program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.checks.session import Session
    from graders.providers.machine import Output

# MetalLB's own; the chart has a value for another one.
_PORT: Final = 7946
_PORT_VARIABLE: Final = "METALLB_ML_BIND_PORT"
_TIMED_OUT: Final = 124


def can_meet(lab: Session) -> bool:
    """Tell whether the speakers of the workers can reach each other.

    Those that have lost each other find together again by TCP only, so
    without it nothing is to be waited for.

    Example:
        diverged = can_meet(lab) and len(names) > 1

    Raises:
        CannotCheck: a worker or the API server does not answer.

    """
    return not any(result.code for _, _, result in _connections(lab))


def expect_gossip(lab: Session) -> None:
    """Fail unless the speakers of the workers can reach each other.

    If they cannot, or do not listen, they do not agree on one of them, and
    none notices that another one has failed.

    Example:
        expect_gossip(lab)

    Raises:
        CheckFailed: a connection is lost or refused.
        CannotCheck: a worker or the API server does not answer.

    """
    for role, other, result in _connections(lab):
        expect(
            f"a connection from {lab.plan.nodes[role].name} to the speaker on"
            f" {lab.plan.nodes[other].name} to be",
            expected="accepted",
            actual="left without an answer"
            if result.code == _TIMED_OUT
            else "refused",
            ok=not result.code,
            seen_by=f"{result.command} on {role}",
            evidence=result.text,
        )


def _connections(lab: Session) -> Iterator[tuple[str, str, Output]]:
    """Connect each worker to the speaker of the other; yield the outcomes."""
    nodes = lab.plan.nodes
    workers = {*lab.plan.worker_names()}
    roles = [role for role, node in nodes.items() if node.name in workers]
    pairs = [*permutations(roles, 2)]
    port = _port(lab)

    def connect(pair: tuple[str, str]) -> Output:
        role, other = pair
        target = f"exec 3<>/dev/tcp/{nodes[other].lan}/{port}"
        return run_program(
            lab.machine(role), "timeout", "1", "bash", "-c", target
        )

    for pair, result in zip(pairs, run_parallel(connect, pairs), strict=True):
        yield *pair, result


def _port(lab: Session) -> str:
    """Return the port of memberlist, as the speakers are configured."""
    ports = [
        variable.get("value", "")
        for item in lab.cluster.items(f"{METALLB_APPS}/daemonsets")
        for part in item["spec"]["template"]["spec"]["containers"]
        for variable in part.get("env") or []
        if variable["name"] == _PORT_VARIABLE
    ]
    return next(filter(str.isdecimal, ports), str(_PORT))
