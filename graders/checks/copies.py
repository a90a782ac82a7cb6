"""Copies of a workload that may run only once.

A copy is recognised by its image as well as by its labels: a standby copy is
one, too, whatever its name, its labels and its namespace.
"""

from __future__ import annotations

from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from graders.checks.check import expect
from graders.checks.objects import is_temporary
from graders.checks.pools import selects
from graders.checks.workload import IMAGE
from graders.polling import until
from graders.probes.cluster import runs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graders.checks.session import Session

# Kubernetes' default for a Deployment.
_SURGE: Final = "25%"


def copies(lab: Session, namespace: str, selector: str) -> dict[str, str]:
    """Return the node of each copy, by pod, "" while there is none.

    Copies are the pods that `selector` selects in `namespace`, and all
    containers of the cluster that run their image.

    Example:
        nodes = copies(lab, "lab-4", "app=web")

    Raises:
        CannotCheck: the API server does not answer.

    """
    own = lab.cluster.pod_nodes(namespace, selector)
    found = {}
    pods = [
        pod
        for pod in lab.cluster.items("/api/v1/pods")
        if runs(pod) and not is_temporary(pod["metadata"]["name"])
    ]
    images = _image_ids(pods)
    for pod in pods:
        meta, spec = pod["metadata"], pod["spec"]
        home = meta["namespace"] == namespace
        name = meta["name"] if home else f"{meta['namespace']}/{meta['name']}"
        ids = _ids(pod)
        programs = [
            part["name"]
            for part in _containers(pod)
            if _has_name(part) or ids.get(part["name"]) in images
        ]
        if not programs and home and meta["name"] in own:
            programs = [""]
        for program in programs:
            label = name if len(programs) == 1 else f"{name}/{program}"
            found[label] = spec.get("nodeName", "")
    return found


def _image_ids(pods: Iterable[dict[str, Any]]) -> set[str]:
    """Return the ids of the image, which another name does not change."""
    return {
        _ids(pod)[part["name"]]
        for pod in pods
        for part in _containers(pod)
        if _has_name(part) and _ids(pod).get(part["name"])
    }


def _ids(pod: dict[str, Any]) -> dict[str, str]:
    """Return the ids of a pod's images by container."""
    status = pod.get("status", {})
    return {
        item["name"]: item.get("imageID", "")
        for key in ("containerStatuses", "initContainerStatuses")
        for item in status.get(key) or []
    }


def _has_name(container: dict[str, Any]) -> bool:
    return _repository(container.get("image", "")) == _repository(IMAGE)


def _containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the containers that keep running."""
    spec = pod["spec"]
    sidecars = [
        part
        for part in spec.get("initContainers") or []
        if part.get("restartPolicy") == "Always"
    ]
    return [*(spec.get("containers") or []), *sidecars]


def _repository(image: str) -> str:
    """Return an image's name without its tag and digest."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return head + slash + last.partition(":")[0]


def expect_one_copy(
    lab: Session, namespace: str, service: str, nodes: set[str]
) -> set[str]:
    """Fail unless one copy of a Service's pods runs, on one of `nodes`.

    Returns its pod's name.

    Example:
        workers = {*lab.plan.worker_names()}
        expect_one_copy(lab, "lab-4", "web", workers)

    Raises:
        CheckFailed: there is none, or several, or one on another node.
        CannotCheck: the API server does not answer.

    """
    selector = lab.cluster.pod_selector(service, namespace)

    def is_right(pods: dict[str, str]) -> bool:
        return len(pods) == 1 and {*pods.values()} <= nodes

    pods = until(
        "pods",
        partial(copies, lab, namespace, selector),
        # A wrong state that is settled does not change by itself.
        lambda pods: is_right(pods) or lab.cluster.is_settled(namespace),
    )
    expect(
        f"copies of {service}:",
        expected="one, on a worker",
        actual=[f"{name} on {node}" for name, node in pods.items()] or "none",
        ok=is_right(pods),
        seen_by="kubectl get pods -A -o wide; kubectl get pods -A -o yaml"
        " | grep image:",
    )
    return {*pods}


def expect_no_surge(lab: Session, namespace: str, service: str) -> None:
    """Fail if a rollout of a Service's Deployment would run a second copy.

    Example:
        expect_no_surge(lab, "lab-4", "web")

    Raises:
        CheckFailed: a Deployment may run more than one pod at a time.
        CannotCheck: the API server does not answer.

    """
    model = lab.cluster.service(service, namespace) or {"spec": {}}
    labels = model["spec"].get("selector") or {}
    deployments = lab.cluster.items(
        f"/apis/apps/v1/namespaces/{namespace}/deployments"
    )
    counts = {
        item["metadata"]["name"]: _most_pods(item["spec"])
        for item in deployments
        if selects(
            {"matchLabels": labels},
            item["spec"]["template"]["metadata"]["labels"],
        )
    }
    several = {name: count for name, count in counts.items() if count > 1}
    expect(
        "a rollout to run",
        expected="one copy at a time",
        actual=[
            f"up to {count} of Deployment {name}"
            for name, count in several.items()
        ],
        ok=not several,
        seen_by=f"kubectl get deployments -n {namespace} -o custom-columns="
        "NAME:.metadata.name,REPLICAS:.spec.replicas,STRATEGY:.spec.strategy",
    )


def expect_none_planned(lab: Session, namespace: str) -> None:
    """Fail if another copy is to run later, by schedule or under load.

    Example:
        expect_none_planned(lab, "lab-4")

    Raises:
        CheckFailed: a CronJob runs the image, or an autoscaler of the
            namespace may run several pods.
        CannotCheck: the API server does not answer.

    """
    jobs = [
        f"CronJob {item['metadata']['namespace']}/{item['metadata']['name']}"
        for item in lab.cluster.items("/apis/batch/v1/cronjobs")
        if not item["spec"].get("suspend")
        and any(map(_has_name, _containers(_template(item))))
    ]
    scalers = [
        f"HorizontalPodAutoscaler {item['metadata']['name']}"
        for item in lab.cluster.items(
            f"/apis/autoscaling/v2/namespaces/{namespace}"
            "/horizontalpodautoscalers"
        )
        if item["spec"].get("maxReplicas", 1) > 1
    ]
    expect(
        "more copies to be run later by",
        expected="nothing",
        actual=[*jobs, *scalers],
        ok=not jobs and not scalers,
        seen_by=f"kubectl get cronjobs -A; kubectl get hpa -n {namespace}",
    )


def _template(job: dict[str, Any]) -> dict[str, Any]:
    """Return the pod that a CronJob creates."""
    template: dict[str, Any] = job["spec"]["jobTemplate"]["spec"]["template"]
    return template


def _most_pods(spec: dict[str, Any]) -> int:
    """Return how many pods a Deployment may run during a rollout."""
    replicas = int(spec.get("replicas", 1))
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return replicas
    update = strategy.get("rollingUpdate") or {}
    surge = str(update.get("maxSurge", _SURGE))
    if surge.endswith("%"):
        return replicas + ceil(replicas * int(surge[:-1]) / 100)
    return replicas + (int(surge) if replicas else 0)
