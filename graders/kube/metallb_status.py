"""The status of MetalLB: a fingerprint of it, its webhook, and readiness."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from graders.kube.apply import rolled_out
from graders.kube.client import MERGE, NO_GRACE_PERIOD, KubeError
from graders.kube.names import (
    CRDS,
    HELM_RELEASE,
    METALLB_APPS,
    METALLB_CORE,
    METALLB_PATH,
    METALLB_SELECTOR,
    RBAC_API,
    WEBHOOKS,
)
from graders.polling import until_none

if TYPE_CHECKING:
    from graders.kube.client import KubeClient, Object

_RBAC: Final = METALLB_CORE.replace("/api/v1", RBAC_API)
_COUNTED: Final = (
    f"{METALLB_APPS}/deployments{METALLB_SELECTOR}",
    f"{METALLB_APPS}/daemonsets{METALLB_SELECTOR}",
)
_OTHERS: Final = (
    f"{METALLB_CORE}/configmaps{METALLB_SELECTOR}",
    f"{METALLB_CORE}/serviceaccounts{METALLB_SELECTOR}",
    f"{METALLB_CORE}/services{METALLB_SELECTOR}",
    f"{_RBAC}/roles{METALLB_SELECTOR}",
    f"{_RBAC}/rolebindings{METALLB_SELECTOR}",
    f"{RBAC_API}/clusterroles{METALLB_SELECTOR}",
    f"{RBAC_API}/clusterrolebindings{METALLB_SELECTOR}",
    f"{WEBHOOKS}{METALLB_SELECTOR}",
    CRDS,
)
_SECRETS: Final = f"{METALLB_CORE}/secrets"
_OWN_SECRETS: Final = ("metallb-memberlist", "metallb-webhook-cert")
# How many pods a Deployment or a DaemonSet has.
_COUNTS: Final = (
    *("readyReplicas", "numberReady"),
    *("updatedReplicas", "updatedNumberScheduled"),
)
_POOLS: Final = f"{METALLB_PATH}/ipaddresspools"
_PROBE: Final = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "IPAddressPool",
    "metadata": {"name": "webhook-answers"},
    "spec": {"addresses": ["192.0.2.1/32"]},
}
_PODS: Final = f"{METALLB_CORE}/pods"
_SYSTEM_PODS: Final = "/api/v1/namespaces/kube-system/pods"
_CONTROLLER: Final = "?labelSelector=app.kubernetes.io/component=controller"
_ANNOTATION: Final = "metallb-lab/refreshed"
_SPEAKERS: Final = "not all speakers are ready"
_POLL_INTERVAL_S: Final = 0.2
# Delete pods in CrashLoopBackOff after 5 s, and a controller left from before
# after 12 s; a new one starts within 2 s.
_CRASH_LOOP_S: Final = 5.0
_HANGS_S: Final = 12.0


def fingerprint(kube: KubeClient) -> list[str]:
    """Return a line for each object of MetalLB; it changes with the object.

    Comparing them is quicker than applying what is installed already.

    Raises:
        KubeError: the API server does not answer, or refuses.

    """
    with ThreadPoolExecutor(len(_OTHERS)) as pool:
        metas = pool.map(kube.metadata, _OTHERS)
        lines = [
            f"{path} {_version(meta)}"
            for path, listed in zip(_OTHERS, metas, strict=True)
            for meta in listed
        ]
    lines += [
        f"{path} {_version(item['metadata'])} {_counts(item)}"
        for path in _COUNTED
        for item in kube.items(path)
    ]
    for item in kube.items(_SECRETS):
        name = item["metadata"]["name"]
        if name in _OWN_SECRETS:
            lines.append(f"{name} {item['type']}")
        elif name == HELM_RELEASE:
            lines.append(_version(item["metadata"]))
    return sorted(lines)


def _version(meta: Object) -> str:
    """Return what changes with an object.

    The generation counts changes of a spec; kinds without one have a version
    of the whole object.
    """
    version = meta.get("generation") or meta["resourceVersion"]
    return f"{meta['name']} {meta['uid']} {version}"


def _counts(item: Object) -> str:
    """Return how many pods a workload should have, and how many it has."""
    status = item.get("status", {})
    counts = [status.get(count) for count in _COUNTS]
    return " ".join(map(str, [item["spec"].get("replicas"), *counts]))


def webhook_error(kube: KubeClient) -> str:
    """Return why the webhook does not answer, "" if it does.

    A dry run asks it and changes nothing. After its node has restarted, a
    controller counts as ready for a while although it is not back yet.
    """
    try:
        answer = kube.ask("POST", f"{_POOLS}?dryRun=All", _PROBE)
    except KubeError as error:
        return str(error)
    return "" if answer else "there is no kind IPAddressPool"


def wait_ready(kube: KubeClient, seconds: float) -> list[str]:
    """Wait until all of MetalLB is ready; return what is not in time."""
    began = time.monotonic()
    # Pods of the controller from before; each is deleted at most once.
    old: set[str] = set()

    def late() -> list[str]:
        try:
            problems = _problems(kube)
            waited = time.monotonic() - began
            if problems and waited > _CRASH_LOOP_S:
                hangs = waited > _HANGS_S and problems != [_SPEAKERS]
                _delete_stuck_pods(kube, old if hangs else set())
            elif problems and not old:
                old.update(_names(kube, _CONTROLLER))
        except KubeError as error:
            return [str(error)]
        return problems

    return until_none(late, seconds, _POLL_INTERVAL_S)


def _delete_stuck_pods(kube: KubeClient, old: set[str]) -> None:
    """Delete pods that would become ready late, or never.

    After a power cut, pods start before the API server does, or before its
    address leads there. Some end and are restarted later and later, and a
    controller may wait half a minute for an answer.
    """
    for pods in (_PODS, _SYSTEM_PODS):
        for pod in kube.items(pods):
            name = pod["metadata"]["name"]
            if name in old or _is_crash_looping(pod):
                kube.delete(f"{pods}/{name}", NO_GRACE_PERIOD)
    old.clear()


def _names(kube: KubeClient, selector: str) -> list[str]:
    pods = kube.items(f"{_PODS}{selector}")
    return [pod["metadata"]["name"] for pod in pods]


def _problems(kube: KubeClient) -> list[str]:
    """Return what is not ready yet."""
    problems = []
    controller = kube.get(f"{METALLB_APPS}/deployments/metallb-controller")
    ready = bool(controller and rolled_out(controller))
    if not ready:
        problems.append("the controller is not ready")
    speakers = kube.get(f"{METALLB_APPS}/daemonsets/metallb-speaker")
    if not speakers or not rolled_out(speakers):
        problems.append(_SPEAKERS)
    # Without its controller, the webhook takes two seconds not to answer.
    why = webhook_error(kube) if ready else "it is in the controller"
    if why:
        _refresh_volumes(kube)
        problems.append(f"the webhook does not answer: {why}")
    return problems


def _refresh_volumes(kube: KubeClient) -> None:
    """Have kubelet refresh the volumes of the controller's pod at once.

    The controller writes its webhook's certificate into a Secret and waits
    until it appears in a mounted volume, which takes kubelet up to a minute
    unless the pod changes.
    """
    patch = {"metadata": {"annotations": {_ANNOTATION: str(time.time())}}}
    for name in _names(kube, _CONTROLLER):
        kube.ask("PATCH", f"{_PODS}/{name}", patch, MERGE)


def _is_crash_looping(pod: Object) -> bool:
    """Tell whether kubelet waits before it restarts a container."""
    statuses = pod.get("status", {}).get("containerStatuses", [])
    return any(
        status["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"
        for status in statuses
    )
