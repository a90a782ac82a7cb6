"""Who may have addresses of lab 5's ingress pool, and who may not."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Final

from graders.checks.check import expect
from graders.checks.objects import namespace, service_from
from graders.checks.services import (
    SEE_POOLS,
    allocation_decided,
    expect_vip,
    run_parallel,
)
from graders.plan.ip_ranges import holds
from graders.polling import until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graders.checks.session import Session

_OWNER: Final = "ingress"
_TENANTS: Final = "tenants"
_OTHERS: Final = ("lab-5", _TENANTS)


def expect_pool_restricted(lab: Session, pool: str) -> None:
    """Fail unless `pool` is for Services of namespace ingress alone.

    All that ask are labelled as the gateway is: a fence may look at that,
    too, but anybody can write a label. One of them is in a namespace that
    nobody could have thought of.
    """
    gateway = lab.cluster.service("gateway", _OWNER) or {"metadata": {}}
    labels = gateway["metadata"].get("labels", {})
    with namespace(lab) as fresh:
        # What ingress may have is the positive control of what others may
        # not; the pool has one address left, so it gives that back first.
        with service_from(lab, _OWNER, pool, labels) as own:
            expect_vip(lab, own, _OWNER)
        ask = partial(service_from, lab, pool=pool, labels=labels)
        with contextlib.ExitStack() as stack:
            asked = [
                (space, stack.enter_context(ask(space)))
                for space in (*_OTHERS, fresh)
            ]
            run_parallel(partial(_decided, lab), asked)
            # A namespace that is new may be let in a moment later; the next
            # Service that is served shows that MetalLB has seen all.
            _expect_served(lab)
            _expect_refused(lab, pool, asked)


def _expect_served(lab: Session) -> None:
    """Fail unless a tenant's new Service gets a VIP for applications."""
    with lab.like("blue", _TENANTS, _TENANTS) as blue:
        vip = expect_vip(lab, blue, _TENANTS)
    expect(
        "a tenant's new Service to get a VIP of",
        expected=lab.plan.pool,
        actual=vip,
        ok=holds([lab.plan.pool], vip),
        seen_by=SEE_POOLS,
    )


def _expect_refused(
    lab: Session, pool: str, asked: Iterable[tuple[str, str]]
) -> None:
    """Fail if a Service that is not of namespace ingress got a VIP."""
    vips = {space: lab.cluster.vip(name, space) for space, name in asked}
    expect(
        f"Services of {', '.join(vips)} that ask for pool {pool} to get",
        expected="no VIP",
        actual=[f"{vip} for {space}" for space, vip in vips.items() if vip],
        ok=not any(vips.values()),
        seen_by=f"{SEE_POOLS} {pool} -o yaml",
    )


def _decided(lab: Session, asked: tuple[str, str]) -> None:
    """Wait until the controller has given a Service a VIP, or refused it."""
    space, name = asked
    until("absent", partial(allocation_decided, lab, name, space), bool)
