"""Install or repair Envoy Gateway with the CRDs of the Gateway API.

The reset of a lab without a Gateway removes it (see `graders.kube.reset`).
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from graders.kube.apply import (
    apply,
    has_condition,
    namespace,
    read_objects,
    rolled_out,
)
from graders.kube.client import MERGE, NO_GRACE_PERIOD, KubeError
from graders.kube.names import (
    CRDS,
    GATEWAY_API,
    GATEWAY_APPS,
    GATEWAY_CLASS,
    GATEWAY_CORE,
    GATEWAY_NAMESPACE,
    GATEWAY_OWNER,
    GATEWAY_PROXY_LABEL,
)
from graders.polling import until_none

if TYPE_CHECKING:
    from pathlib import Path

    from graders.kube.client import KubeClient, Object
    from graders.kube.discovery import Kind

_CONTROLLER: Final = f"{GATEWAY_APPS}/deployments/envoy-gateway"
_CLASS: Final = f"{GATEWAY_API}/gatewayclasses/{GATEWAY_CLASS}"
_CERTIFICATES_JOB: Final = (
    f"/apis/batch/v1/namespaces/{GATEWAY_NAMESPACE}"
    "/jobs/eg-gateway-helm-certgen"
)
# What that job creates, all of one CA.
_CERTIFICATES: Final = (
    *("envoy", "envoy-gateway", "envoy-oidc-hmac", "envoy-rate-limit"),
)
_BACKGROUND: Final = NO_GRACE_PERIOD | {"propagationPolicy": "Background"}
GATEWAYS: Final = "gateways.gateway.networking.k8s.io"
# Kinds that say what Envoy Gateway is to create.
_GATEWAY_KINDS: Final = frozenset(
    {GATEWAYS, "envoyproxies.gateway.envoyproxy.io"}
)
# Those who write what belongs to a Gateway, besides a student: of Services
# MetalLB's controller and speakers, of pods Kubernetes.
_GATEWAY_WRITERS: Final = frozenset(
    {
        *("envoy-gateway", "controller", "speaker"),
        *("kube-controller-manager", "kube-scheduler", "kubelet"),
    }
)
# Kinds that need the CRDs.
_LAST: Final = ("Deployment", "GatewayClass")
# Seconds: what was removed a moment ago is still being deleted.
_APPLY_TIMEOUT_S: Final = 60.0
_ESTABLISHED_TIMEOUT_S: Final = 30.0
_POLL_INTERVAL_S: Final = 0.2
# CRDs at a time: the API server needs half a second for a large one.
_THREADS: Final = 4


def install(kube: KubeClient, manifest: Path, crds: Path) -> None:
    """Apply all of Envoy Gateway over what is there.

    Its controller reads which kinds there are only when it starts, so it
    comes last; its certificates are made while CRDs are created.

    Raises:
        KubeError: an object was refused for a minute.
        OSError, ValueError, yaml.YAMLError: a file cannot be read.

    """
    objects = [namespace(GATEWAY_NAMESPACE), *read_objects(manifest), _class()]
    _drop_broken_certificates(kube)
    _drop_orphaned_proxies(kube)
    early = [item for item in objects if item["kind"] not in _LAST]
    apply(kube, early, _APPLY_TIMEOUT_S)
    _create_crds(kube, json.loads(crds.read_bytes()))
    _drop_deleted_class(kube)
    late = [item for item in objects if item["kind"] in _LAST]
    apply(kube, late, _APPLY_TIMEOUT_S)


def are_untouched(found: list[tuple[Kind, list[Object]]]) -> bool:
    """Tell whether all Gateways are as a start has created them.

    So nothing that configures them was written a second time, and what
    Envoy Gateway created for them only by it and by Kubernetes.
    """
    for kind, metas in found:
        if kind.name in _GATEWAY_KINDS and any(
            meta.get("generation") != 1 for meta in metas
        ):
            return False
        for meta in metas:
            labels = (meta.get("labels") or {}).items()
            if labels >= GATEWAY_PROXY_LABEL.items() and _written_by_others(
                meta
            ):
                return False
    return True


def _written_by_others(meta: Object) -> bool:
    writers = {field["manager"] for field in meta.get("managedFields", ())}
    return not writers <= _GATEWAY_WRITERS


def wait_controller(kube: KubeClient, seconds: float) -> list[str]:
    """Wait until the controller is ready; return what is not in time."""

    def late() -> list[str]:
        try:
            found = kube.get(_CONTROLLER)
        except KubeError as error:
            return [str(error)]
        if found and rolled_out(found):
            return []
        return ["Envoy Gateway's controller is not ready"]

    return until_none(late, seconds, _POLL_INTERVAL_S)


def wait_proxies(kube: KubeClient, seconds: float) -> list[str]:
    """Wait until each Gateway was looked at, and its proxies are ready.

    Return what is not in time. A Gateway that is refused has no proxies.
    """

    def late() -> list[str]:
        try:
            return [*_late_proxies(kube)]
        except KubeError as error:
            return [str(error)]

    return until_none(late, seconds, _POLL_INTERVAL_S)


def _late_proxies(kube: KubeClient) -> list[str]:
    ready = {
        (
            labels.get(f"{GATEWAY_OWNER}-namespace"),
            labels.get(f"{GATEWAY_OWNER}-name"),
        )
        for item in kube.items(f"{GATEWAY_APPS}/deployments")
        for labels in (item["metadata"].get("labels") or {},)
        if rolled_out(item)
    }
    late = []
    for gateway in kube.items(f"{GATEWAY_API}/gateways"):
        meta = gateway["metadata"]
        accepted = _condition(gateway, "Accepted")
        place = (meta["namespace"], meta["name"])
        if accepted is None or (accepted == "True" and place not in ready):
            late.append(f"Gateway {'/'.join(place)} has no ready proxies")
    return late


def _condition(item: Object, name: str) -> str | None:
    """Return a condition of the present generation, None before there is."""
    generation = item["metadata"].get("generation")
    for condition in item.get("status", {}).get("conditions", []):
        if (condition["type"], condition.get("observedGeneration")) == (
            name,
            generation,
        ):
            return str(condition["status"])
    return None


def _create_crds(kube: KubeClient, objects: list[Object]) -> None:
    """Create the CRDs that are missing, and wait until they can be used.

    They have four megabytes, so they are not applied each time; a reset
    compares them with what was recorded.
    """
    names = {item["metadata"]["name"] for item in objects if _is_crd(item)}
    there = {
        meta["name"]
        for meta in kube.metadata(CRDS)
        if "deletionTimestamp" not in meta
    }
    missing = [
        item
        for item in objects
        if _is_crd(item) and item["metadata"]["name"] not in there
    ]
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(lambda it: apply(kube, [it], _APPLY_TIMEOUT_S), missing))
    # A policy about changes of CRDs comes after them.
    others = [item for item in objects if not _is_crd(item)]
    apply(kube, others, _APPLY_TIMEOUT_S)

    def late() -> list[str]:
        established = {
            item["metadata"]["name"]
            for name in names - there
            if (item := kube.get(f"{CRDS}/{name}"))
            and has_condition(item, "Established")
        }
        return sorted(names - there - established)

    if waiting := until_none(late, _ESTABLISHED_TIMEOUT_S, _POLL_INTERVAL_S):
        raise KubeError(f"not established: {', '.join(waiting)}")


def _is_crd(item: Object) -> bool:
    return bool(item["kind"] == "CustomResourceDefinition")


def _drop_broken_certificates(kube: KubeClient) -> None:
    """Have all certificates made again if one is missing.

    The job makes only what is missing, by another CA; pods read theirs when
    they start.
    """
    secrets = f"{GATEWAY_CORE}/secrets"
    there = {meta["name"] for meta in kube.metadata(secrets)}
    if there.issuperset(_CERTIFICATES) or not kube.get(_CERTIFICATES_JOB):
        return
    kube.delete(_CERTIFICATES_JOB, _BACKGROUND)
    for name in there.intersection(_CERTIFICATES):
        kube.delete(f"{secrets}/{name}")
    kube.delete(f"{GATEWAY_CORE}/pods", NO_GRACE_PERIOD)


def _drop_orphaned_proxies(kube: KubeClient) -> None:
    """Delete what a controller that does not run has created for Gateways.

    A running one deletes it with the Gateway, and all that others changed.
    """
    controller = kube.get(_CONTROLLER)
    if controller and controller.get("status", {}).get("readyReplicas"):
        return
    ((key, value),) = GATEWAY_PROXY_LABEL.items()
    for kinds in (
        f"{GATEWAY_CORE}/services",
        f"{GATEWAY_APPS}/deployments",
        f"{GATEWAY_APPS}/daemonsets",
    ):
        kube.delete(f"{kinds}?labelSelector={key}={value}", _BACKGROUND)


def _drop_deleted_class(kube: KubeClient) -> None:
    """Let go of a class that was deleted, so that another can be created.

    Its controller holds it as long as it has Gateways. They are deleted
    later, and what is applied to it now would go with them.
    """
    found = kube.get(_CLASS)
    if found and "deletionTimestamp" in found["metadata"]:
        kube.ask("PATCH", _CLASS, {"metadata": {"finalizers": None}}, MERGE)


def _class() -> Object:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": GATEWAY_CLASS},
        "spec": {
            "controllerName": "gateway.envoyproxy.io/gatewayclass-controller"
        },
    }
