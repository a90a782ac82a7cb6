"""Isolate a node during `grade --full`, and wait until it is back."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck
from graders.polling import until
from graders.providers.registry import provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.checks.session import Session

_LEASES: Final = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease"


@contextlib.contextmanager
def isolate(lab: Session, node: str) -> Iterator[None]:
    """Silence a node as if its cable was pulled, then bring it back.

    It always comes back, and its kubelet has renewed its lease by then.

    Example:
        with lab.client.watch(vip, 90) as monitor, isolate(lab, node):
            ...

    Raises:
        CannotCheck: the node is not there, is the control plane (the API
            server would be cut off, too), or does not come back.

    """
    if node == lab.plan.machine_name("control-plane"):
        raise CannotCheck(f"{node} cannot be cut off: the API server is there")
    with (
        contextlib.ExitStack() as after,
        provider().isolate(lab.plan, node),
    ):
        after.callback(_wait_for_node, lab, node)
        yield


def resume_nodes(lab: Session) -> None:
    """End isolations of an earlier grading, and wait for their nodes.

    Raises:
        CannotCheck: the provider does not answer, or a node does not come
            back.

    """
    for node in provider().resume_nodes(lab.plan):
        _wait_for_node(lab, node)


def rejoin_wait() -> str:
    """Return the name of the wait for speakers to re-admit a node.

    Example:
        node = until(rejoin_wait(), responder, bool)

    """
    return provider().rejoin_wait


def _wait_for_node(lab: Session, node: str) -> None:
    """Wait until the node's kubelet has renewed its lease from now on."""
    since = datetime.now(UTC)

    def renewed() -> bool:
        lease = lab.cluster.get(f"{_LEASES}/leases/{node}")
        time = lease["spec"]["renewTime"] if lease else "1970-01-01T00:00:00Z"
        return datetime.fromisoformat(time) > since

    if not until(provider().back_wait, renewed, bool):
        raise CannotCheck(
            f"{node} was cut off and did not come back",
            remedy="`lab reset` repairs it",
        )
