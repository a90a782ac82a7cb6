"""MetalLB's workloads: its one controller, and its speakers."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from graders.checks.check import expect
from graders.kube.names import METALLB_APPS, METALLB_NAMESPACE, full_name
from graders.polling import until
from graders.probes.cluster import runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from graders.checks.session import Session
    from graders.kube.client import Object

# Without registry, tag and digest: metallb/controller, bitnami's too.
_IMAGE: Final = re.compile(r"^(.*/)?metallb[/-](controller|speaker)(:[^/]*)?")
# What Kubernetes replaces in a container's arguments.
_VARIABLE: Final = re.compile(r"\$\(([\w.-]+)\)")
_ONLY_WEBHOOK: Final = "onlywebhook"
_DEPLOYMENTS: Final = f"{METALLB_APPS}/deployments"
_PODS: Final = "/api/v1/pods"
_SEE_OWNERS: Final = "kubectl describe pods -A | grep -e ^Name: -e Controlled"


def expect_one_controller(lab: Session) -> None:
    """Fail unless exactly one controller of MetalLB serves each Service.

    It has no leader election: two of them keep two books, and may allocate
    one address twice. A controller with a load balancer class leaves all other
    Services alone. A pod that cannot start yet counts, too. One that belongs
    to no Deployment is not recreated when it ends.

    Example:
        expect_one_controller(lab)

    Raises:
        CheckFailed: several serve the same Services, in whatever namespaces,
            there is none, or one that is not recreated.
        CannotCheck: the API server does not answer.

    """
    found = until(
        "pods",
        partial(_controllers, lab),
        lambda found: _disputed(found) is None,
    )
    disputed = _disputed(found)
    names = [pod.name for pod in found if pod.served == (disputed or "")]
    expect(
        "controllers of MetalLB for Services"
        f" {f'of class {disputed}' if disputed else 'without a class'}:",
        expected="one pod",
        actual=names or "none",
        ok=disputed is None,
        seen_by="kubectl get pods -A -o wide",
    )
    orphans = [pod.name for pod in found if not pod.is_recreated]
    _expect_recreated(orphans, "controller", "Deployment")
    idle = [
        item["metadata"]["name"]
        for item in lab.cluster.items(_DEPLOYMENTS)
        if item["spec"].get("replicas") == 0
        and any(_runs_metallb(item["spec"]["template"], "controller"))
    ]
    expect(
        f"Deployments of MetalLB's controller in {METALLB_NAMESPACE} that"
        " want no pod:",
        expected="none",
        actual=idle,
        ok=not idle,
        seen_by=f"kubectl get deployments -n {METALLB_NAMESPACE}",
    )


def expect_maintained_speakers(lab: Session) -> None:
    """Fail if a speaker of MetalLB is not recreated when it ends.

    Speakers come from a DaemonSet, which has one on each node.

    Example:
        expect_maintained_speakers(lab)

    Raises:
        CheckFailed: one belongs to no DaemonSet.
        CannotCheck: the API server does not answer.

    """
    orphans = [
        full_name(pod)
        for pod in lab.cluster.items(_PODS)
        if runs(pod)
        and any(_runs_metallb(pod, "speaker"))
        and not _belongs_to(pod, "DaemonSet")
    ]
    _expect_recreated(orphans, "speaker", "DaemonSet")


def _expect_recreated(
    orphans: Sequence[str], program: str, workload: str
) -> None:
    expect(
        f"pods of MetalLB's {program} that no {workload} recreates:",
        expected="none",
        actual=orphans,
        ok=not orphans,
        seen_by=_SEE_OWNERS,
    )


@dataclass(frozen=True)
class _Controller:
    """A controller's pod, and the class of Services that it serves."""

    name: str
    served: str
    is_recreated: bool


def _controllers(lab: Session) -> list[_Controller]:
    """Return the pods of all controllers that serve Services.

    Controllers are known by their images, wherever they run and whatever
    other name a node has for an image. One that is there for its webhook only
    serves none.
    """
    pods = [pod for pod in lab.cluster.items(_PODS) if runs(pod)]
    known = {
        image_id
        for pod in pods
        for container in _runs_metallb(pod, "controller")
        if (image_id := _image_ids(pod).get(container["name"]))
    }
    return [
        _Controller(
            full_name(pod),
            _flag(container, "lb-class"),
            _belongs_to(pod, "ReplicaSet"),
        )
        for pod in pods
        for container in pod["spec"].get("containers", [])
        if (
            _is_metallb(container, "controller")
            or _image_ids(pod).get(container["name"]) in known
        )
        and _flag(container, "webhook-mode") != _ONLY_WEBHOOK
    ]


def _runs_metallb(pod: Object, program: str) -> Iterator[Object]:
    """Yield the containers of a pod, or template, that run a program of it."""
    for container in pod["spec"].get("containers", []):
        if _is_metallb(container, program):
            yield container


def _is_metallb(container: Object, program: str) -> bool:
    image = str(container.get("image")).partition("@")[0]
    found = _IMAGE.fullmatch(image)
    return found is not None and found[2] == program


def _image_ids(pod: Object) -> dict[str, str]:
    """Return what a node calls the images of a pod's containers, by name."""
    statuses = pod.get("status", {}).get("containerStatuses") or []
    return {one["name"]: one.get("imageID", "") for one in statuses}


def _belongs_to(pod: Object, kind: str) -> bool:
    return any(
        owner.get("controller") and owner["kind"] == kind
        for owner in pod["metadata"].get("ownerReferences") or []
    )


def _flag(container: Object, name: str) -> str:
    """Return the last value of a flag, "" without it.

    Go's programs read flags up to the first word that is none.
    """
    command = (container.get("command") or [])[1:]
    words = [*command, *(container.get("args") or [])]
    found = ""
    while words and words[0].startswith("-"):
        flag, equal, value = words.pop(0).lstrip("-").partition("=")
        if not flag:
            break
        if not equal and words and not words[0].startswith("-"):
            value = words.pop(0)
        if flag == name:
            found = value
    values = {
        variable["name"]: str(variable.get("value", ""))
        for variable in container.get("env") or []
    }
    return _VARIABLE.sub(lambda it: values.get(str(it[1]), str(it[0])), found)


def _disputed(found: list[_Controller]) -> str | None:
    """Return the class that has several controllers, or "" if none has none.

    Whether a single controller serves the right Services is shown by them.
    """
    counts = Counter(pod.served for pod in found)
    if len(found) != 1 and counts[""] != 1:
        return ""
    return next((name for name, count in counts.items() if count > 1), None)
