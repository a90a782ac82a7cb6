"""Judgements that several labs pass, each from outside the cluster."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain, repeat
from typing import TYPE_CHECKING, Final, TypeVar

from graders.checks.check import expect
from graders.plan.ip_ranges import conflicts, holds, networks
from graders.polling import until
from graders.probes.client import CONNECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from ipaddress import IPv4Address

    from graders.checks.session import Session
    from graders.probes.client import Client

T = TypeVar("T")
R = TypeVar("R")
# Seconds that the first connection to a Service has.
_EARLY: Final = 0.3
SEE_POOLS = "kubectl get ipaddresspools -n metallb-system"
EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"


def run_parallel(judge: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Judge all `items` at the same time; fail as the first one that does."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(judge, items))


def outputs_by_machine(
    lab: Session, roles: Iterable[str], *look: str
) -> dict[str, str]:
    """Return what a command says on each machine, where it says anything."""
    asked = [*roles]
    texts = run_parallel(
        lambda role: lab.machine(role).run(*look).out.strip(), asked
    )
    return {
        role: text for role, text in zip(asked, texts, strict=True) if text
    }


def pool_of(lab: Session, address: str) -> str:
    """Return the name of the pool that has `address`; "" if none has."""
    found = lab.cluster.pools().items()
    return next((name for name, text in found if holds(text, address)), "")


def unused_addresses(
    lab: Session, ranges: Iterable[str]
) -> Iterator[IPv4Address]:
    """Yield the addresses of `ranges` that no Service has or asks for."""
    taken = lab.cluster.vips()
    for text in ranges:
        for net in networks(text):
            yield from (one for one in net if str(one) not in taken)


def expect_allocated(
    lab: Session, name: str, space: str, wanted: str = ""
) -> str:
    """Return a Service's VIP; fail without one, or if it is not `wanted`."""
    right = wanted.__eq__ if wanted else bool
    vip = until("allocation", partial(lab.cluster.vip, name, space), right)
    expect(
        f"the VIP of {name} to be",
        expected=wanted or "an address",
        actual=vip or lab.cluster.without_vip(name, space),
        ok=right(vip),
        seen_by=f"kubectl describe svc {name} -n {space}",
        evidence=partial(lab.cluster.events, name, space),
    )
    return vip


def allocation_decided(lab: Session, name: str, space: str) -> bool:
    """Say whether the controller has allocated or refused a VIP."""
    if lab.cluster.vip(name, space):
        return True
    return "AllocationFailed" in lab.cluster.events(name, space)


def expect_vip(lab: Session, name: str, space: str) -> str:
    """Return the VIP of a new Service; fail if it gets none in time."""
    vip = until("fresh", lambda: lab.cluster.vip(name, space), bool)
    expect(
        "a new Service to get",
        expected="a VIP within 8 s",
        actual=vip or "<pending>",
        ok=bool(vip),
        seen_by=f"kubectl get events -n {space}",
        evidence=lambda: lab.cluster.events(name, space),
    )
    return vip


def expect_answer(client: Client, vip: str, text: str) -> None:
    """Fail unless `client` gets `text` over HTTP from `vip` in time."""
    # Of a Service that has just come, the first packet may be too early.
    tries = chain([_EARLY], repeat(CONNECT))
    answer = until(
        "http",
        lambda: client.curl(vip, connect=next(tries)),
        lambda answer: text in answer.body,
    )
    place = client.machine.role
    expect(
        f"the answer of {vip} to {place} to be",
        expected=repr(text),
        actual=answer.text,
        ok=text in answer.body,
        seen_by=f"{answer.command} on {place}",
        evidence=answer.error,
    )


def expect_excluded(lab: Session) -> None:
    """Fail unless the control plane is kept out of load balancing."""
    name = lab.plan.machine_name("control-plane")
    node = lab.cluster.get(f"/api/v1/nodes/{name}") or {"metadata": {}}
    expect(
        f"{name} to be",
        expected="excluded from external load balancers",
        actual="free of the label",
        ok=EXCLUDED in node["metadata"].get("labels", {}),
        seen_by=f"kubectl get nodes -L {EXCLUDED}",
    )


def expect_no_conflict(lab: Session, ranges: Sequence[str]) -> None:
    """Fail if an address of a pool belongs to somebody else on the site."""
    owners = conflicts(ranges, lab.plan)
    expect(
        "every pool to be free of",
        expected="addresses that others own",
        actual=f"addresses of {', '.join(owners)}",
        ok=not owners,
        seen_by=SEE_POOLS,
        evidence="\n".join(ranges),
    )
