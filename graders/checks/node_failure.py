"""Isolate a node during `grade --full`, and measure what that costs."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Final

from graders.checks.undo import temporary
from graders.errors import CannotCheck
from graders.polling import until
from graders.providers.registry import provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.checks.session import Session
    from graders.probes.outage import Mode
    from graders.probes.traffic import AvailabilityMonitor

_LEASES: Final = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease"


@contextlib.contextmanager
def isolate(lab: Session, node: str) -> Iterator[None]:
    """Silence a node as if its cable was pulled, then bring it back.

    It always comes back, and its kubelet has renewed its lease by then.

    Example:
        with isolate(lab, node):
            ...

    Raises:
        CannotCheck: the node is not there, is the control plane (the API
            server would be cut off, too), or does not come back.

    """
    if node == lab.plan.machine_name("control-plane"):
        raise CannotCheck(f"{node} cannot be cut off: the API server is there")
    silence = partial(provider().silence, lab.plan, node)
    with temporary(lab, silence, resume_node, node):
        yield


@contextlib.contextmanager
def measure_outage(
    lab: Session, check: str, mode: Mode, monitor: AvailabilityMonitor
) -> Iterator[None]:
    """Request a VIP meanwhile, and keep the outage for the check's result.

    It is kept if the check fails, too.

    Example:
        monitor = lab.client.watch(vip, 90)
        with measure_outage(lab, "failover", "bgp", monitor):
            with isolate(lab, node):
                monitor.mark("silent", node)

    Raises:
        CannotCheck: the client does not answer, or no request was sent.

    """
    try:
        with monitor:
            yield
    finally:
        if monitor.samples:
            lab.outages[check] = monitor.outage(mode)


def resume_node(lab: Session, node: str) -> None:
    """End the silence of a node, and wait until it is back.

    Raises:
        CannotCheck: the provider does not answer, or the node does not come
            back.

    """
    renewed = None
    with contextlib.suppress(CannotCheck):
        renewed = _renewed(lab, node)
    if not provider().resume(lab.plan, node):
        return
    is_back = partial(_is_another, renewed)
    wait = provider().back_wait
    if not is_back(until(wait, partial(_renewed, lab, node), is_back)):
        raise CannotCheck(
            f"{node} was cut off and did not come back",
            remedy="`lab reset` repairs it",
        )


def rejoin_wait() -> str:
    """Return the name of the wait for speakers to re-admit a node.

    Example:
        node = until(rejoin_wait(), responder, bool)

    """
    return provider().rejoin_wait


def _renewed(lab: Session, node: str) -> str:
    """Return when the node's kubelet last renewed its lease, "" if never.

    The time is that of the node's clock, which only compares with itself.
    """
    lease = lab.cluster.get(f"{_LEASES}/leases/{node}")
    return str(lease["spec"]["renewTime"]) if lease else ""


def _is_another(before: str | None, now: str) -> bool:
    return now not in {"", before}
