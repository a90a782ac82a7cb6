"""A temporary workload that is exposed as the lab's is and moves to a node.

A pod that reports its client's address runs on each of some nodes, and clones
of the lab's Services select one of the pods. Moving the endpoint to another
node takes only a change of the selector.
"""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graders.checks.objects import create, new_name, service_like
from graders.errors import CannotCheck
from graders.polling import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from graders.checks.session import Session

IMAGE: Final = "registry.k8s.io/e2e-test-images/agnhost:2.66.1"
_PORT: Final = 8080
_NODE_LABEL: Final = "grader-place"
_ADMIN: Final = ("--kubeconfig", "/etc/kubernetes/admin.conf")
_NO_GRACE_PERIOD: Final = "?gracePeriodSeconds=0"


@dataclass(frozen=True)
class ProbeWorkload:
    """Pods on several nodes, and Services that select one of them.

    `services` are the temporary Services by their models' names, `pods` the
    pods by their nodes.
    """

    lab: Session
    namespace: str
    name: str
    services: dict[str, str]
    pods: dict[str, str]

    def move_to(self, node: str) -> None:
        """Move the endpoint to the pod on `node`.

        Raises:
            CannotCheck: the API server refuses or does not answer.

        """
        for name in self.services.values():
            path = f"/api/v1/namespaces/{self.namespace}/services/{name}"
            service = self.lab.cluster.get(path)
            if service is None:
                raise CannotCheck(f"the grader's Service {name} is gone")
            # Without it, a status that was written since is no conflict.
            service["metadata"].pop("resourceVersion")
            service["spec"]["selector"] = _selector(self.name, node)
            self.lab.cluster.ask("PUT", path, service)

    def vip(self, model: str) -> str:
        """Return the VIP of the Service like `model`, "" while pending.

        Raises:
            CannotCheck: the API server does not answer.

        """
        return until(
            "new-service",
            partial(
                self.lab.cluster.vip, self.services[model], self.namespace
            ),
            bool,
        )


@contextlib.contextmanager
def probe_workload(
    lab: Session, namespace: str, models: Sequence[str], nodes: Sequence[str]
) -> Iterator[ProbeWorkload]:
    """Create pods on `nodes` and Services like `models`.

    They are removed at the end. The endpoint starts on the first of the nodes.

    Example:
        workers = lab.plan.worker_names()
        with probe_workload(lab, "lab-4", ("web",), workers) as probe:
            probe.move_to(workers[1])

    Raises:
        CannotCheck: a model is gone, the API server refuses, or a pod does
            not get ready.

    """
    name = new_name()
    pods = [_pod(name, namespace, node) for node in nodes]
    services = [
        service_like(
            _model(lab, namespace, model),
            f"{name}-{model}",
            {
                "selector": _selector(name, nodes[0]),
                "ports": [{"name": "http", "port": 80, "targetPort": _PORT}],
            },
        )
        for model in models
    ]
    with _created(lab, namespace, {"pods": pods, "services": services}):
        _await_ready(lab, namespace, name, len(pods))
        yield ProbeWorkload(
            lab,
            namespace,
            name,
            dict(zip(models, _names(services), strict=True)),
            dict(zip(nodes, _names(pods), strict=True)),
        )


@contextlib.contextmanager
def _created(
    lab: Session, namespace: str, objects: dict[str, list[dict[str, Any]]]
) -> Iterator[None]:
    """Create objects by their kinds, and remove them at the end."""
    base = f"/api/v1/namespaces/{namespace}"
    try:
        for kind, bodies in objects.items():
            for body in bodies:
                create(lab, f"{base}/{kind}", body)
        yield
    finally:
        # An object that cannot be removed does not keep the others.
        with contextlib.ExitStack() as stack:
            for kind, bodies in objects.items():
                query = _NO_GRACE_PERIOD if kind == "pods" else ""
                for name in _names(bodies):
                    path = f"{base}/{kind}/{name}{query}"
                    stack.callback(lab.cluster.ask, "DELETE", path)


@contextlib.contextmanager
def cordoned(lab: Session, *nodes: str) -> Iterator[None]:
    """Cordon nodes, as when they are drained, and uncordon them at the end.

    Example:
        with cordoned(lab, node):
            evict_pods(lab, "lab-4", "app=web")

    Raises:
        CannotCheck: the control plane refuses or does not answer.

    """
    try:
        _kubectl(lab, "cordon", *nodes)
    except BaseException:
        # Some nodes may be cordoned: Ctrl-C can come at any time.
        with contextlib.suppress(CannotCheck):
            _kubectl(lab, "uncordon", *nodes)
        raise
    try:
        yield
    finally:
        _kubectl(lab, "uncordon", *nodes)


def uncordon(lab: Session) -> None:
    """Uncordon every worker.

    Raises:
        CannotCheck: the control plane refuses or does not answer.

    """
    _kubectl(lab, "uncordon", *lab.plan.worker_names())


def _kubectl(lab: Session, *argv: str) -> None:
    result = lab.machine("control-plane").run("kubectl", *_ADMIN, *argv)
    if result.code:
        raise CannotCheck(f"could not {' '.join(argv)}: {result.text}")


def _await_ready(lab: Session, namespace: str, name: str, count: int) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods?labelSelector=app={name}"

    def ready() -> int:
        return sum(map(is_ready, lab.cluster.items(path)))

    if until("probe-pods", ready, count.__eq__) != count:
        raise CannotCheck(
            "the grader's own pods did not get ready",
            remedy="see `kubectl get pods -A`, then grade again",
        )


def is_ready(item: dict[str, Any]) -> bool:
    """Tell whether a node or a pod has the condition Ready.

    Example:
        ready = all(is_ready(pod) for pod in pods)

    """
    return any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in item["status"].get("conditions", [])
    )


def _names(objects: Sequence[dict[str, Any]]) -> list[str]:
    return [item["metadata"]["name"] for item in objects]


def _selector(name: str, node: str) -> dict[str, str]:
    return {"app": name, _NODE_LABEL: node}


def _model(lab: Session, namespace: str, name: str) -> dict[str, Any]:
    service = lab.cluster.service(name, namespace)
    if service is None:
        raise CannotCheck(f"Service {name} is gone")
    return service


def _pod(name: str, namespace: str, node: str) -> dict[str, Any]:
    """Return a pod that is bound to `node` without the scheduler."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{name}-{secrets.token_hex(2)}",
            "namespace": namespace,
            "labels": _selector(name, node),
        },
        "spec": {
            "nodeName": node,
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "netexec",
                    "image": IMAGE,
                    "imagePullPolicy": "IfNotPresent",
                    # No probe: it listens within milliseconds, and a probe
                    # that fails at first is repeated only after a second.
                    "args": ["netexec", f"--http-port={_PORT}"],
                }
            ],
        },
    }
