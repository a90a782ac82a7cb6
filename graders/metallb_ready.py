"""MetalLB, waited for: its controller, its speakers and its webhook."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from graders.cluster_apply import rolled_out
from graders.kube import AT_ONCE, MERGE, KubeError
from graders.metallb_look import SPACE, answers

if TYPE_CHECKING:
    from graders.kube import Kube, Object

_APPS: Final = f"/apis/apps/v1/{SPACE}"
_PODS: Final = f"/api/v1/{SPACE}/pods"
_CONTROLLER: Final = "?labelSelector=app.kubernetes.io/component=controller"
_NOTE: Final = "metallb-lab/refreshed"
_STEP: Final = 0.2


def await_ready(kube: Kube, seconds: float) -> list[str]:
    """Wait until all of MetalLB is there; return what is not in time."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            late = _late(kube)
        except KubeError as error:
            late = [str(error)]
        if not late or time.monotonic() > deadline:
            return late
        time.sleep(_STEP)


def _late(kube: Kube) -> list[str]:
    """Return what is not there yet.

    Raises:
        KubeError: the API server does not answer, or refuses.

    """
    late = []
    controller = kube.get(f"{_APPS}/deployments/metallb-controller")
    there = bool(controller and rolled_out(controller))
    if not there:
        # Asked now, its webhook would take two seconds not to answer.
        late.append("the controller is not ready")
    speakers = kube.get(f"{_APPS}/daemonsets/metallb-speaker")
    if not speakers or not _everywhere(speakers):
        late.append("not all speakers are ready")
    if not there or not answers(kube):
        _refresh(kube)
        late.append("the webhook does not answer")
    return late


def _everywhere(item: Object) -> bool:
    """Tell of a DaemonSet what `kubectl rollout status` waits for."""
    status = item.get("status", {})
    wanted = status.get("desiredNumberScheduled", 0)
    counts = ("updatedNumberScheduled", "numberAvailable")
    return status.get("observedGeneration", 0) >= item["metadata"][
        "generation"
    ] and all(status.get(one, 0) == wanted for one in counts)


def _refresh(kube: Kube) -> None:
    """Let kubelet look at the volumes of the controller's pod.

    The controller writes its webhook's certificate into a Secret and waits
    for it in its mounted volume, which kubelet refreshes within a minute or
    so; for a pod that has changed it does so at once.

    One that ended for it did not reach the API server, as after a power cut,
    would be tried again later and later: it is made anew.
    """
    note = {"metadata": {"annotations": {_NOTE: str(time.time())}}}
    for pod in kube.items(f"{_PODS}{_CONTROLLER}"):
        path = f"{_PODS}/{pod['metadata']['name']}"
        if _is_put_off(pod):
            kube.delete(path, AT_ONCE)
        else:
            kube.ask("PATCH", path, note, MERGE)


def _is_put_off(pod: Object) -> bool:
    """Tell whether kubelet waits before it starts a container again."""
    states = pod.get("status", {}).get("containerStatuses", [])
    return any(
        one["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"
        for one in states
    )
