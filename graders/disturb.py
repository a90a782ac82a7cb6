"""What `grade --full` does to the lab in order to measure it, and undoes."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from graders.dockercli import docker
from graders.errors import CannotCheck
from graders.waits import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.session import Session

# The freezer gives up on a node whose processes are started faster than it
# stops them, and leaves it as it was.
_TRIES: Final = 3
_LEASES: Final = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease"


@contextlib.contextmanager
def cut_off(lab: Session, node: str) -> Iterator[None]:
    """Have a node fall silent as if its cable was pulled, then resume it.

    A paused container sends nothing, not even the end of its connections:
    neighbours notice by their timers alone. It is resumed in any case, and
    waited for until its kubelet has renewed its lease.

    Raises:
        CannotCheck: the node is not there, is the control plane (the API
            server would be cut off, too), or does not come back.

    """
    if node == lab.plan.docker_name("control-plane"):
        raise CannotCheck(f"{node} cannot be cut off: the API server is there")
    _pause(node)
    try:
        yield
    finally:
        docker("unpause", node)
        _back(lab, node, datetime.now(UTC))


def _pause(node: str) -> None:
    """Stop all processes of a node; a busy machine needs several tries.

    Raises:
        CannotCheck: it could not be done.

    """
    for _ in range(_TRIES - 1):
        with contextlib.suppress(CannotCheck):
            docker("pause", node)
            return
    docker("pause", node)


def _back(lab: Session, node: str, since: datetime) -> None:
    """Wait until the node's kubelet has spoken after `since`."""

    def renewed() -> bool:
        lease = lab.cluster.get(f"{_LEASES}/leases/{node}")
        told = lease["spec"]["renewTime"] if lease else "1970-01-01T00:00:00Z"
        return datetime.fromisoformat(told) > since

    if not until("node-back", renewed, bool):
        raise CannotCheck(
            f"{node} was cut off and did not come back",
            way_out="`lab reset` mends it",
        )
