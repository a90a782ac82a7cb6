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
from typing import TYPE_CHECKING, Any, Final, Literal

from graders.checks.check import fail
from graders.checks.objects import new_name, service_like, temporary_object
from graders.checks.own_pods import POD_NAMESPACE, await_ready
from graders.checks.undo import temporary
from graders.kube.names import SERVICE_NAME
from graders.polling import until
from graders.probes.cluster import runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from graders.checks.session import Session

IMAGE: Final = "registry.k8s.io/e2e-test-images/agnhost:2.66.1"
_PORT: Final = 8080
_PORT_NAME: Final = "http"
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
            CheckFailed: something deletes EndpointSlices.
            CannotCheck: the API server does not answer.

        """
        for name in self.services.values():
            path = f"{_base('EndpointSlice', self.namespace)}/{name}"
            moved = self.lab.cluster.ask(
                "PUT", path, self.slice_of(name, node)
            )
            if moved is None:
                fail(
                    "expected the grader's EndpointSlice to stay, not to be"
                    " deleted by another program or person",
                    seen_by=f"kubectl get endpointslices -n {self.namespace}",
                )

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
        Refused: a rule of the cluster forbids it.
        CheckFailed: a model is gone, or a rule keeps a pod from running.
        CannotCheck: a pod does not get ready in time, or the API server does
            not answer.

    """
    name = new_name()
    tolerations = _tolerations(lab, namespace, models[0])
    pods = {node: _pod(name, node, tolerations) for node in nodes}
    services = {
        model: service_like(
            _model(lab, namespace, model),
            new_name(),
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
            await_ready(lab, name, nodes),
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
    # An object that cannot be removed does not keep the others.
    with contextlib.ExitStack() as stack:
        for body in bodies:
            base = _base(body["kind"], body["metadata"]["namespace"])
            query = _NO_GRACE_PERIOD if body["kind"] == "Pod" else ""
            stack.enter_context(temporary_object(lab, base, body, query))
        yield


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
        Refused: a rule of the cluster keeps a node as it is.
        CheckFailed: a node is gone.
        CannotCheck: the API server does not answer.

    """
    with contextlib.ExitStack() as stack:
        for node in nodes:
            cordon = partial(_cordon, lab, node)
            stack.enter_context(temporary(lab, cordon, uncordon, node))
        yield


def _cordon(lab: Session, node: str) -> None:
    if not _set_unschedulable(lab, node, value=True):
        fail(
            f"expected node {node} in the cluster, not to be deleted",
            seen_by="kubectl get nodes",
        )


def uncordon(lab: Session, node: str) -> None:
    """Uncordon a node, if it is there.

    Raises:
        Refused: a rule of the cluster keeps a node as it is.
        CannotCheck: the API server does not answer.

    """
    _set_unschedulable(lab, node, value=None)


def _set_unschedulable(
    lab: Session, node: str, *, value: Literal[True] | None
) -> bool:
    """Change a node; return False if it is gone."""
    change = {"spec": {"unschedulable": value}}
    path = f"/api/v1/nodes/{node}"
    return lab.cluster.ask("PATCH", path, change) is not None


def _name(body: dict[str, Any]) -> str:
    return str(body["metadata"]["name"])


def _tolerations(
    lab: Session, namespace: str, service: str
) -> list[dict[str, Any]]:
    """Return what the pods of a Service tolerate: the grader's are like them.

    The cluster adds default tolerations to each pod.
    """
    selector = lab.cluster.pod_selector(service, namespace)
    path = f"{_base('Pod', namespace)}?labelSelector={selector}"
    pods = filter(runs, lab.cluster.items(path) if selector else [])
    return next((pod["spec"].get("tolerations", []) for pod in pods), [])


def _model(lab: Session, namespace: str, name: str) -> dict[str, Any]:
    service = lab.cluster.service(name, namespace)
    if service is None:
        fail(
            f"expected Service {name} in namespace {namespace}, not to be"
            " deleted during the check",
            seen_by=f"kubectl get svc -n {namespace}",
        )
    return service


def _pod(
    name: str, node: str, tolerations: list[dict[str, Any]]
) -> dict[str, Any]:
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
            "tolerations": tolerations,
            # As the labs' own pods have it.
            "terminationGracePeriodSeconds": 1,
            "containers": [
                {
                    "name": name,
                    "image": IMAGE,
                    "imagePullPolicy": "IfNotPresent",
                    # No probe: it listens within milliseconds, and a probe
                    # that fails at first is repeated only after a second.
                    "args": ["netexec", f"--http-port={_PORT}"],
                }
            ],
        },
    }
