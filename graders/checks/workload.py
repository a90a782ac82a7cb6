"""A temporary workload that is exposed as the lab's is and moves to a node.

A pod that reports its client's address runs on each of some nodes, and clones
of the lab's Services lead to one of the pods by an EndpointSlice. Moving the
endpoint to another node takes only a change of that slice. The pods are in a
namespace where no quota or policy of the lab counts them.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graders.checks.objects import create, new_name, service_like
from graders.errors import CannotCheck
from graders.kube.names import SERVICE_NAME
from graders.polling import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from graders.checks.session import Session

IMAGE: Final = "registry.k8s.io/e2e-test-images/agnhost:2.66.1"
# Where the pods run.
POD_NAMESPACE: Final = "default"
_PORT: Final = 8080
_PORT_NAME: Final = "http"
_ADMIN: Final = ("--kubeconfig", "/etc/kubernetes/admin.conf")
_NO_GRACE_PERIOD: Final = "?gracePeriodSeconds=0"


@dataclass(frozen=True)
class ProbeWorkload:
    """Pods on several nodes, and Services that lead to one of them.

    `services` are the temporary Services by their models' names, `pods` the
    pods by their nodes, `addresses` the pods' addresses by their nodes.
    """

    lab: Session
    namespace: str
    services: dict[str, str]
    pods: dict[str, str]
    addresses: dict[str, str]

    def move_to(self, node: str) -> None:
        """Move the endpoint to the pod on `node`.

        Raises:
            CannotCheck: the API server refuses or does not answer.

        """
        for name in self.services.values():
            path = f"{_base('EndpointSlice', self.namespace)}/{name}"
            moved = self.lab.cluster.ask(
                "PUT", path, self.slice_of(name, node)
            )
            if moved is None:
                raise CannotCheck(f"the grader's EndpointSlice {name} is gone")

    def slice_of(self, service: str, node: str) -> dict[str, Any]:
        """Return the EndpointSlice that leads `service` to `node`'s pod."""
        pod = {"namespace": POD_NAMESPACE, "name": self.pods[node]}
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": service,
                "namespace": self.namespace,
                "labels": {SERVICE_NAME: service},
            },
            "addressType": "IPv4",
            "ports": [{"name": _PORT_NAME, "port": _PORT, "protocol": "TCP"}],
            "endpoints": [
                {
                    "addresses": [self.addresses[node]],
                    "nodeName": node,
                    "targetRef": {"kind": "Pod", **pod},
                    "conditions": {"ready": True},
                }
            ],
        }

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
    pods = {node: _pod(name, node) for node in nodes}
    services = {
        model: service_like(
            _model(lab, namespace, model),
            f"{name}-{model}",
            {"ports": [{"name": _PORT_NAME, "port": 80}]},
        )
        for model in models
    }
    with _created(lab, [*pods.values(), *services.values()]):
        probe = ProbeWorkload(
            lab,
            namespace,
            {model: _name(body) for model, body in services.items()},
            {node: _name(body) for node, body in pods.items()},
            _await_ready(lab, name, len(pods)),
        )
        slices = [
            probe.slice_of(service, nodes[0])
            for service in probe.services.values()
        ]
        with _created(lab, slices):
            yield probe


@contextlib.contextmanager
def _created(lab: Session, bodies: Sequence[dict[str, Any]]) -> Iterator[None]:
    """Create objects, and remove them at the end."""
    bases = [
        _base(body["kind"], body["metadata"]["namespace"]) for body in bodies
    ]
    try:
        for base, body in zip(bases, bodies, strict=True):
            create(lab, base, body)
        yield
    finally:
        # An object that cannot be removed does not keep the others.
        with contextlib.ExitStack() as stack:
            for base, body in zip(bases, bodies, strict=True):
                query = _NO_GRACE_PERIOD if body["kind"] == "Pod" else ""
                path = f"{base}/{_name(body)}{query}"
                stack.callback(lab.cluster.ask, "DELETE", path)


def _base(kind: str, namespace: str) -> str:
    """Return the path of a list."""
    slices = kind == "EndpointSlice"
    api = "/apis/discovery.k8s.io/v1" if slices else "/api/v1"
    return f"{api}/namespaces/{namespace}/{kind.lower()}s"


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


def _await_ready(lab: Session, name: str, count: int) -> dict[str, str]:
    """Return the addresses of the pods by their nodes, once all are ready."""
    path = f"{_base('Pod', POD_NAMESPACE)}?labelSelector=app={name}"

    def addresses() -> dict[str, str]:
        return {
            pod["spec"]["nodeName"]: pod["status"]["podIP"]
            for pod in lab.cluster.items(path)
            if is_ready(pod)
        }

    ready = until("probe-pods", addresses, lambda ready: len(ready) == count)
    if len(ready) != count:
        raise CannotCheck(
            "the grader's own pods did not get ready",
            remedy="see `kubectl get pods -A`, then grade again",
        )
    return ready


def is_ready(item: dict[str, Any]) -> bool:
    """Tell whether a node or a pod has the condition Ready.

    Example:
        ready = all(is_ready(pod) for pod in pods)

    """
    return any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in item["status"].get("conditions", [])
    )


def _name(body: dict[str, Any]) -> str:
    return str(body["metadata"]["name"])


def _model(lab: Session, namespace: str, name: str) -> dict[str, Any]:
    service = lab.cluster.service(name, namespace)
    if service is None:
        raise CannotCheck(f"Service {name} is gone")
    return service


def _pod(name: str, node: str) -> dict[str, Any]:
    """Return a pod that is bound to `node` without the scheduler."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": new_name(),
            "namespace": POD_NAMESPACE,
            "labels": {"app": name},
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
