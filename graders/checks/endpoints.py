"""Endpoints: ready pods behind a Service, and who maintains them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from graders.checks.check import expect
from graders.kube.apply import rolled_out
from graders.polling import until

if TYPE_CHECKING:
    from graders.checks.session import Session


def expect_ready_endpoint(lab: Session, name: str, namespace: str) -> None:
    """Fail unless a Service has a ready endpoint.

    Example:
        expect_ready_endpoint(lab, "web", "lab-2")

    Raises:
        CheckFailed: it has none.
        CannotCheck: the API server does not answer.

    """
    nodes = until(
        "announce", partial(lab.cluster.ready_nodes, namespace, name), bool
    )
    expect(
        f"the ready endpoints of {name} to be on",
        expected="a node",
        actual=nodes,
        ok=bool(nodes),
        seen_by=_see_slices(name, namespace),
    )


def expect_maintained_endpoints(
    lab: Session, name: str, namespace: str, least: int = 1
) -> None:
    """Fail unless Kubernetes maintains the pods and endpoints of a Service.

    The Service selects the pods of the Deployment of its name. This wants at
    least so many pods, and all that it wants are ready: when one ends,
    another one follows.

    Example:
        expect_maintained_endpoints(lab, "web", "lab-2", 2)

    Raises:
        CheckFailed: a pod or an endpoint stays as it is, or a pod is missing.
        CannotCheck: the API server does not answer.

    """
    expect_followed_pods(lab, name, namespace)
    _expect_selected(lab, name, namespace)
    _expect_rolled_out(lab, name, namespace, least)


def expect_followed_pods(lab: Session, name: str, namespace: str) -> None:
    """Fail unless a pod of a Service is recreated, and its endpoints follow.

    Example:
        expect_followed_pods(lab, "web", "lab-4")

    Raises:
        CheckFailed: a pod has no controller, or a person writes its endpoints.
        CannotCheck: the API server does not answer.

    """
    orphans = lab.cluster.orphans(namespace, name)
    expect(
        f"pods behind {name} that no controller recreates:",
        expected="none",
        actual=orphans,
        ok=not orphans,
        seen_by=f"kubectl get pods -n {namespace} --show-labels;"
        f" kubectl describe pods -n {namespace}"
        " | grep -e ^Name: -e Controlled",
    )
    foreign = lab.cluster.foreign_slices(namespace, name)
    expect(
        f"EndpointSlices of {name} that do not follow its pods:",
        expected="none",
        actual=foreign,
        ok=not foreign,
        seen_by=f"{_see_slices(name, namespace)} --show-labels",
    )


def _expect_selected(lab: Session, name: str, namespace: str) -> None:
    """Fail unless a Service selects what its Deployment creates."""
    service = lab.cluster.service(name, namespace) or {"spec": {}}
    selector = service["spec"].get("selector") or {}
    deployment = _deployment(lab, name, namespace)
    template = deployment["spec"]["template"] if deployment else {}
    labels = template.get("metadata", {}).get("labels", {})
    expect(
        f"Service {name} to select",
        expected=f"the pods that Deployment {name} creates",
        actual=_labels(selector)
        if deployment
        else f"those of another one: there is no Deployment {name}",
        ok=bool(selector) and selector.items() <= labels.items(),
        seen_by=f"kubectl get deployments,services -n {namespace} -o wide",
    )


def _expect_rolled_out(
    lab: Session, name: str, namespace: str, least: int
) -> None:
    """Fail unless all pods that a Deployment wants, a few, are ready."""
    deployment = (
        until(
            "pods",
            partial(_deployment, lab, name, namespace),
            lambda item: item is None or rolled_out(item),
        )
        or {}
    )
    wanted = deployment.get("spec", {}).get("replicas", 1)
    ready = deployment.get("status", {}).get("readyReplicas", 0)
    expect(
        f"the pods of Deployment {name} to be ready,",
        expected=f"all {wanted}, and up to date",
        actual=f"{ready} of {wanted}",
        ok=bool(deployment) and rolled_out(deployment),
        seen_by=f"kubectl get pods -n {namespace};"
        f" kubectl get events -n {namespace}",
        evidence=partial(_unscheduled, lab, namespace),
    )
    expect(
        f"Deployment {name} to want",
        expected=f"{least} pods or more",
        actual=wanted,
        ok=wanted >= least,
        seen_by=f"kubectl get deployments -n {namespace}",
    )


def _deployment(
    lab: Session, name: str, namespace: str
) -> dict[str, Any] | None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    return lab.cluster.get(path)


def _unscheduled(lab: Session, namespace: str) -> str:
    """Return why pods of a namespace are on no node, a line for each."""
    pods = lab.cluster.items(f"/api/v1/namespaces/{namespace}/pods")
    return "\n".join(
        f"{pod['metadata']['name']}: {condition.get('message', 'on no node')}"
        for pod in pods
        for condition in pod.get("status", {}).get("conditions") or []
        if condition["type"] == "PodScheduled"
        and condition["status"] == "False"
    )


def _labels(labels: dict[str, str]) -> str:
    """Return labels as kubectl shows them."""
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _see_slices(name: str, namespace: str) -> str:
    return (
        "kubectl get endpointslices"
        f" -l kubernetes.io/service-name={name} -n {namespace}"
    )
