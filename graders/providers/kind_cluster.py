"""A cluster that kind created before: whether it is whole, and what it lacks.

Its own API server is asked inside the control plane, where no kubeconfig of
this computer and no other context matters.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck
from graders.providers.docker import Docker, docker

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from graders.polling import Clock

# What kind ends with when it has created a cluster.
_DONE: Final = "0"
_PAUSE_S: Final = 1.0
# Seconds in which a kubelet that was started registers its node.
_REGISTERED_S: Final = 60.0
_PREFIX: Final = "node/"
_KUBECTL: Final = ("kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf")
_PODS_NETWORK: Final = (
    'sed -n \'s/.*"subnet": *"\\([^"]*\\)".*/\\1/p\''
    " /etc/cni/net.d/*.conflist | head -n 1"
)


def incompleteness(
    folder: Path, nodes: Iterable[str], containers: Iterable[str]
) -> str:
    """Return why a cluster is known to be incomplete, "" if it is not known.

    `folder` has what kind said of it: `pid` once it was begun, and `status`
    once it was done. A cluster of which it says nothing is not incomplete.
    """
    status = _text(folder / "status")
    if status is None and (folder / "pid").exists():
        return "kind was interrupted while it created it"
    if status not in {None, _DONE}:
        return f"kind could not create it (status {status or 'unknown'})"
    if missing := sorted({*nodes} - {*containers}):
        return f"container {missing[0]} was removed"
    return ""


@dataclass(frozen=True)
class KindCluster:
    """An existing cluster; the first of its nodes is the control plane."""

    nodes: Sequence[str]
    docker: Docker = docker
    clock: Clock = field(default_factory=lambda: time)

    def await_api(self, seconds: float) -> list[str]:
        """Return the nodes that are registered, once the API answers.

        Raises:
            CannotCheck: it does not answer within `seconds`.

        """
        deadline = self.clock.monotonic() + seconds
        while True:
            try:
                return self._registered()
            except CannotCheck as error:
                if self.clock.monotonic() > deadline:
                    raise CannotCheck(
                        f"the cluster's API server has not answered for"
                        f" {seconds:.0f} s ({error.problems[0]}); the cluster"
                        " is complete, so it is not deleted",
                        remedy="`lab up` waits again; if it stays silent,"
                        " `lab reset` creates another cluster with the lab at"
                        " its start (without a lab: `lab down`)",
                    ) from error
            self.clock.sleep(_PAUSE_S)

    def register(self, missing: Sequence[str]) -> None:
        """Have nodes that exist register again with the API server.

        Their Node objects were deleted, for example by `kubectl delete node`.

        Raises:
            CannotCheck: they do not.

        """
        if not missing:
            return
        for node in missing:
            self._create_object(node)
            self.docker("exec", node, "systemctl", "restart", "kubelet")
        deadline = self.clock.monotonic() + _REGISTERED_S
        while late := sorted({*missing} - {*self.await_api(_REGISTERED_S)}):
            if self.clock.monotonic() > deadline:
                raise CannotCheck(
                    f"node {late[0]} does not register with the API server",
                    remedy=f"see `docker exec {late[0]} journalctl -u"
                    " kubelet`, or rebuild the cluster by `lab reset`",
                )
            self.clock.sleep(_PAUSE_S)
        if self.nodes[0] in missing:
            # Its labels and taint are kubeadm's, not the kubelet's.
            self.docker(
                *("exec", self.nodes[0], "kubeadm", "init", "phase"),
                *("mark-control-plane", "--config", "/kind/kubeadm.conf"),
            )

    def _create_object(self, node: str) -> None:
        """Create a Node object with the pods' network that the node has.

        It would get another one, of which neither its pods nor the routes of
        other nodes know. Without it, the kubelet creates the object.
        """
        cidr = self.docker("exec", node, "sh", "-c", _PODS_NETWORK).strip()
        if not cidr:
            return
        spec = {"podCIDR": cidr, "podCIDRs": [cidr]}
        item = {"kind": "Node", "apiVersion": "v1", "spec": spec}
        text = json.dumps(item | {"metadata": {"name": node}})
        # The kubelet may have been quicker.
        with suppress(CannotCheck):
            self.docker(
                *("exec", self.nodes[0], "sh", "-c"),
                f'printf %s "$1" | {" ".join(_KUBECTL)} create -f -',
                *("sh", text),
            )

    def _registered(self) -> list[str]:
        listed = self.docker(
            *("exec", self.nodes[0], *_KUBECTL),
            *("get", "nodes", "--output", "name", "--request-timeout=5s"),
        )
        return [line.removeprefix(_PREFIX) for line in listed.split()]


def _text(file: Path) -> str | None:
    try:
        return file.read_text("utf-8", "replace").strip()
    except OSError:
        return None
