"""What `grade --full` does to the lab in order to measure it, and undoes."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck
from graders.polling import until
from graders.providers.docker import docker
from graders.providers.environment import inventory
from graders.settings import ANSIBLE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.checks.session import Session

# The freezer gives up on a node whose processes are started faster than it
# stops them, and leaves it as it was.
_TRIES: Final = 3
_LEASES: Final = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease"
_SCRIPTS: Final = (
    ANSIBLE / "files" / "lib" / "connection.sh",
    ROOT / "graders" / "providers" / "silence.sh",
)
# Longer than any check that cuts a host off; then it comes back by itself.
_AT_MOST: Final = 120


@contextlib.contextmanager
def isolate(lab: Session, node: str) -> Iterator[None]:
    """Have a node fall silent as if its cable was pulled, then resume it.

    A paused container sends nothing, not even the end of its connections:
    neighbours notice by their timers alone. Neither does a host that drops
    whatever goes in and out; only the kit's own SSH is let through. It is
    resumed in any case, and waited for until its kubelet has renewed its
    lease.

    Raises:
        CannotCheck: the node is not there, is the control plane (the API
            server would be cut off, too), or does not come back.

    """
    if node == lab.plan.machine_name("control-plane"):
        raise CannotCheck(f"{node} cannot be cut off: the API server is there")
    cut = _silent if inventory() else _paused
    with cut(lab, node):
        yield


@contextlib.contextmanager
def _paused(lab: Session, node: str) -> Iterator[None]:
    """Stop all processes of a container meanwhile."""
    _pause(node)
    try:
        yield
    finally:
        resume(lab, node)


def resume(lab: Session, node: str) -> None:
    """Have a paused node go on, and wait until it is back.

    Raises:
        CannotCheck: it was not paused, or does not come back.

    """
    docker("unpause", node)
    _back(lab, node, "node-back")


def isolation_script() -> str:
    """Return the script that has a host fall silent: seconds are its `$1`."""
    return "".join(file.read_text(encoding="utf-8") for file in _SCRIPTS)


@contextlib.contextmanager
def _silent(lab: Session, node: str) -> Iterator[None]:
    """Have a host drop whatever goes in and out meanwhile.

    Raises:
        CannotCheck: it does not answer, or its kernel can drop nothing.

    """
    roles = {one.name: role for role, one in lab.plan.nodes.items()}
    host = lab.machine(roles[node])
    try:
        done = host.run("sh", "-s", str(_AT_MOST), stdin=isolation_script())
        if done.code:
            raise CannotCheck(
                f"{host.role} cannot be cut off: {done.error.strip()}",
                way_out="its kernel needs cls_matchall and cls_flower, or"
                " netdev tables of nft for what goes out, too",
            )
        yield
    finally:
        host.run("systemctl", "stop", "metallb-lab-silence")
        _back(lab, node, "host-back")


def rejoin_wait() -> str:
    """Return the wait for the speakers to count a node in that is back.

    A paused one gave nobody up, so it is the first to tell the others that
    it lives. A silent one gave up all others as they did it: speakers ask
    those whom they lost once a minute (MetalLB, internal/speakerlist).
    """
    return "parted" if inventory() else "reunion"


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


def _back(lab: Session, node: str, wait: str) -> None:
    """Wait until the node's kubelet has spoken from now on."""
    since = datetime.now(UTC)

    def renewed() -> bool:
        lease = lab.cluster.get(f"{_LEASES}/leases/{node}")
        told = lease["spec"]["renewTime"] if lease else "1970-01-01T00:00:00Z"
        return datetime.fromisoformat(told) > since

    if not until(wait, renewed, bool):
        raise CannotCheck(
            f"{node} was cut off and did not come back",
            way_out="`lab reset` mends it",
        )
