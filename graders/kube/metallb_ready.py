"""MetalLB, waited for: its controller, its speakers and its webhook."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from graders.kube.apply import rolled_out
from graders.kube.client import MERGE, NO_GRACE_PERIOD, KubeError
from graders.kube.metallb_fingerprint import SPACE, webhook_error
from graders.polling import until_none

if TYPE_CHECKING:
    from graders.kube.client import KubeClient, Object

_APPS: Final = f"/apis/apps/v1/{SPACE}"
_PODS: Final = f"/api/v1/{SPACE}/pods"
_CONTROLLER: Final = "?labelSelector=app.kubernetes.io/component=controller"
_NOTE: Final = "metallb-lab/refreshed"
_SPACES: Final = (SPACE, "namespaces/kube-system")
_SPEAKERS: Final = "not all speakers are ready"
_STEP: Final = 0.2
# Seconds after which pods that kubelet puts off are made anew, and after
# which a controller is that was there before: one comes within two.
_PUT_OFF: Final = 5.0
_HANGS: Final = 12.0


def wait_ready(kube: KubeClient, seconds: float) -> list[str]:
    """Wait until all of MetalLB is there; return what is not in time."""
    began = time.monotonic()
    # Of these, each is made anew once.
    old: set[str] = set()

    def late() -> list[str]:
        try:
            found = _late(kube)
            waited = time.monotonic() - began
            if found and waited > _PUT_OFF:
                hangs = waited > _HANGS and found != [_SPEAKERS]
                _make_anew(kube, old if hangs else set())
            elif found and not old:
                old.update(_names(kube, _CONTROLLER))
        except KubeError as error:
            return [str(error)]
        return found

    return until_none(late, seconds, _STEP)


def _make_anew(kube: KubeClient, old: set[str]) -> None:
    """Delete what would come late by itself, or never.

    After a power cut pods begin before the API server does, or before its
    address leads there: some end, and are tried again later and later, and a
    controller may wait for half a minute for an answer.
    """
    for space in _SPACES:
        for pod in kube.items(f"/api/v1/{space}/pods"):
            name = pod["metadata"]["name"]
            if name in old or _is_put_off(pod):
                kube.delete(f"/api/v1/{space}/pods/{name}", NO_GRACE_PERIOD)
    old.clear()


def _names(kube: KubeClient, which: str) -> list[str]:
    return [pod["metadata"]["name"] for pod in kube.items(f"{_PODS}{which}")]


def _late(kube: KubeClient) -> list[str]:
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
        late.append(_SPEAKERS)
    why = webhook_error(kube) if there else "it is in the controller"
    if why:
        _refresh(kube)
        late.append(f"the webhook does not answer: {why}")
    return late


def _everywhere(item: Object) -> bool:
    """Tell of a DaemonSet what `kubectl rollout status` waits for."""
    status = item.get("status", {})
    wanted = status.get("desiredNumberScheduled", 0)
    counts = ("updatedNumberScheduled", "numberAvailable")
    return status.get("observedGeneration", 0) >= item["metadata"][
        "generation"
    ] and all(status.get(one, 0) == wanted for one in counts)


def _refresh(kube: KubeClient) -> None:
    """Let kubelet look at the volumes of the controller's pod.

    The controller writes its webhook's certificate into a Secret and waits
    for it in its mounted volume, which kubelet refreshes within a minute or
    so; for a pod that has changed it does so at once.
    """
    note = {"metadata": {"annotations": {_NOTE: str(time.time())}}}
    for name in _names(kube, _CONTROLLER):
        kube.ask("PATCH", f"{_PODS}/{name}", note, MERGE)


def _is_put_off(pod: Object) -> bool:
    """Tell whether kubelet waits before it starts a container again."""
    states = pod.get("status", {}).get("containerStatuses", [])
    return any(
        one["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"
        for one in states
    )
