"""A workload of the grader's own, exposed as the lab's is, that moves.

A pod that reports its client stands ready on each of some nodes, and Services
like the student's lead to one of them: moving the endpoint to another node
takes as long as the change of a selector.
"""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graders.errors import CannotCheck
from graders.polling import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from graders.checks.session import Session

REPORTS: Final = "registry.k8s.io/e2e-test-images/agnhost:2.66.1"
_PORT: Final = 8080
_PLACE: Final = "grader-place"
_POOL: Final = "metallb.io/ip-allocated-from-pool"
_ADMIN: Final = ("--kubeconfig", "/etc/kubernetes/admin.conf")
_AT_ONCE: Final = "?gracePeriodSeconds=0"


@dataclass(frozen=True)
class ProbeWorkload:
    """Pods on several nodes, of which the Services lead to one.

    `services` is the probe's name by the model's, `pods` the pod by its node.
    """

    lab: Session
    space: str
    name: str
    services: dict[str, str]
    pods: dict[str, str]

    def put(self, node: str) -> None:
        """Have the endpoint on `node`, and on no other node.

        Raises:
            CannotCheck: the API refuses.

        """
        for name in self.services.values():
            path = f"/api/v1/namespaces/{self.space}/services/{name}"
            found = self.lab.cluster.get(path)
            if found is None:
                raise CannotCheck(f"the grader's Service {name} is gone")
            # Without it a status written meanwhile is no conflict.
            found["metadata"].pop("resourceVersion")
            found["spec"]["selector"] = {"app": self.name, _PLACE: node}
            self.lab.cluster.ask("PUT", path, found)

    def vip(self, model: str) -> str:
        """Return the VIP of the Service like `model`, "" while pending."""
        return until(
            "fresh",
            partial(self.lab.cluster.vip, self.services[model], self.space),
            bool,
        )


@contextlib.contextmanager
def moving(
    lab: Session, space: str, models: Sequence[str], nodes: Sequence[str]
) -> Iterator[ProbeWorkload]:
    """Make pods on `nodes` and Services like `models`; remove them after.

    The endpoint is on the first of the nodes.

    Raises:
        CannotCheck: a model is gone, the API refuses, or no pod gets ready.

    """
    name = f"grader-{secrets.token_hex(3)}"
    services = {model: f"{name}-{model}" for model in models}
    pods = [_pod(name, space, node) for node in nodes]
    found = [_model(lab, space, model) for model in models]
    bodies = [_service(model, name, nodes[0]) for model in found]
    base = f"/api/v1/namespaces/{space}"
    try:
        for pod in pods:
            lab.cluster.ask("POST", f"{base}/pods", pod)
        for body in bodies:
            lab.cluster.ask("POST", f"{base}/services", body)
        _ready(lab, space, name, len(pods))
        names = [pod["metadata"]["name"] for pod in pods]
        by_node = dict(zip(nodes, names, strict=True))
        yield ProbeWorkload(lab, space, name, services, by_node)
    finally:
        # One that cannot be removed does not keep the others.
        with contextlib.ExitStack() as undo:
            for pod in pods:
                path = f"{base}/pods/{pod['metadata']['name']}{_AT_ONCE}"
                undo.callback(lab.cluster.ask, "DELETE", path)
            for made in services.values():
                path = f"{base}/services/{made}"
                undo.callback(lab.cluster.ask, "DELETE", path)


@contextlib.contextmanager
def cordoned(lab: Session, *nodes: str) -> Iterator[None]:
    """Let no pod be scheduled on `nodes`, as when they are drained.

    Raises:
        CannotCheck: the control plane does not answer, or refuses.

    """
    try:
        _kubectl(lab, "cordon", *nodes)
    except BaseException:
        # Some of them may be: a Ctrl-C comes when it likes.
        with contextlib.suppress(CannotCheck):
            _kubectl(lab, "uncordon", *nodes)
        raise
    try:
        yield
    finally:
        _kubectl(lab, "uncordon", *nodes)


def uncordon(lab: Session) -> None:
    """Let pods be scheduled on every worker again.

    Raises:
        CannotCheck: the control plane does not answer, or refuses.

    """
    _kubectl(lab, "uncordon", *lab.plan.worker_names())


def _kubectl(lab: Session, *argv: str) -> None:
    done = lab.machine("control-plane").run("kubectl", *_ADMIN, *argv)
    if done.code:
        raise CannotCheck(f"could not {' '.join(argv)}: {done.text}")


def _ready(lab: Session, space: str, name: str, count: int) -> None:
    path = f"/api/v1/namespaces/{space}/pods?labelSelector=app={name}"

    def ready() -> int:
        return sum(
            condition["type"] == "Ready" and condition["status"] == "True"
            for pod in lab.cluster.items(path)
            for condition in pod["status"].get("conditions", [])
        )

    if until("probe", ready, count.__eq__) != count:
        raise CannotCheck(
            "the grader's own pods did not get ready",
            way_out="see `kubectl get pods -A`, then grade again",
        )


def _pod(name: str, space: str, node: str) -> dict[str, Any]:
    """Return a pod for `node`, which no scheduler is asked about."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{name}-{secrets.token_hex(2)}",
            "namespace": space,
            "labels": {
                "app": name,
                _PLACE: node,
                "app.kubernetes.io/managed-by": "metallb-lab",
            },
        },
        "spec": {
            "nodeName": node,
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "netexec",
                    "image": REPORTS,
                    "imagePullPolicy": "IfNotPresent",
                    # No probe: it listens within milliseconds, and a probe
                    # that comes too soon comes again after a second.
                    "args": ["netexec", f"--http-port={_PORT}"],
                }
            ],
        },
    }


def _model(lab: Session, space: str, name: str) -> dict[str, Any]:
    found = lab.cluster.service(name, space)
    if found is None:
        raise CannotCheck(f"Service {name} is gone")
    return found


def _service(model: dict[str, Any], name: str, node: str) -> dict[str, Any]:
    """Return a Service like `model`: labels, pool, ports and policy."""
    meta, spec = model["metadata"], model["spec"]
    pool = meta.get("annotations", {}).get(_POOL)
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": f"{name}-{meta['name']}",
            "namespace": meta["namespace"],
            "labels": {
                **meta.get("labels", {}),
                "app.kubernetes.io/managed-by": "metallb-lab",
            },
            "annotations": {"metallb.io/address-pool": pool} if pool else {},
        },
        "spec": {
            "type": "LoadBalancer",
            "externalTrafficPolicy": spec.get("externalTrafficPolicy"),
            "selector": {"app": name, _PLACE: node},
            "ports": [{"name": "http", "port": 80, "targetPort": _PORT}],
        },
    }
