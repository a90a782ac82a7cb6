"""Reset the cluster to its initial state, keeping the lab's own objects.

Whatever a fault or a student may have added is deleted: objects of all kinds
with a namespace, those without one that `start_state` names, all that is not
of the kit's release in MetalLB's namespace, and labels, annotations and taints
of nodes. Deletions are not waited for.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from graders.kube.apply import has_condition
from graders.kube.client import MERGE, NO_GRACE_PERIOD, KubeError
from graders.kube.discovery import Kind, discover
from graders.kube.gateway import GATEWAYS, are_untouched
from graders.kube.names import (
    GATEWAY_NAMESPACE,
    HELM_RELEASE,
    METALLB_APPS,
    METALLB_CORE,
    METALLB_NAMESPACE,
    NAMESPACE_NAME_LABEL,
)
from graders.kube.start_state import (
    CONTROL_PLANE,
    CONTROL_PLANE_LABELS,
    DEPENDENT_KINDS,
    NODE_ANNOTATIONS,
    NODE_LABELS,
    OWN_NAMES,
    SYSTEM_NAMESPACES,
    VOLATILE_KINDS,
    is_clusters_own,
    is_controlled,
    is_envoy_gateways,
    is_labs,
    is_metallb,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Executor

    from graders.kube.client import KubeClient, Object

_CRDS: Final = "customresourcedefinitions.apiextensions.k8s.io"
# Taints of the cluster's own controllers come and go by themselves. That of a
# cordoned node does not, nor do others that only look like theirs.
_OWN_TAINTS: Final = frozenset(
    (f"node.kubernetes.io/{name}", effect)
    for effect, names in {
        "NoSchedule": (
            *("disk-pressure", "memory-pressure", "network-unavailable"),
            *("not-ready", "pid-pressure", "unreachable"),
        ),
        "NoExecute": ("not-ready", "unreachable"),
    }.items()
    for name in names
)
_NOW: Final = NO_GRACE_PERIOD | {"propagationPolicy": "Background"}
_CONTROLLER_SCALE: Final = (
    f"{METALLB_APPS}/deployments/metallb-controller/scale"
)
# Copies of these have the same labels.
_METALLB_WORKLOADS: Final = {
    "deployments.apps": "metallb-controller",
    "daemonsets.apps": "metallb-speaker",
}
# Kinds that hold others back; the cluster and MetalLB's chart have none.
_RESTRICTIONS: Final = frozenset(
    {
        *("limitranges", "resourcequotas"),
        "horizontalpodautoscalers.autoscaling",
        "networkpolicies.networking.k8s.io",
        "poddisruptionbudgets.policy",
    }
)
# Finalizers that the cluster's own controllers remove, with those that have no
# domain. That of a cloud's load balancers is not among them: no cloud is here,
# and a Service that stays keeps its VIP.
_FINALIZERS: Final = frozenset(
    {
        "batch.kubernetes.io/job-tracking",
        "kubernetes.io/pv-protection",
        "kubernetes.io/pvc-protection",
        "networking.k8s.io/service-cidr-finalizer",
        "resource.kubernetes.io/delete-protection",
    }
)
_KEPT_NAMESPACES: Final = SYSTEM_NAMESPACES | {METALLB_NAMESPACE}
# Only people add labels or annotations to these.
_PLAIN_NAMESPACES: Final = frozenset(
    {"default", GATEWAY_NAMESPACE, METALLB_NAMESPACE}
)
_NAMESPACE_LABELS: Final = frozenset({NAMESPACE_NAME_LABEL})
# Envoy Gateway holds its class as long as there are Gateways, and may be
# deleted before it lets go.
_CLASS_FINALIZER: Final = "gateway-exists-finalizer.gateway.networking.k8s.io"
_NODES: Final = "/api/v1/nodes"
_NAMESPACES: Final = "/api/v1/namespaces"
_THREADS: Final = 8
_READY_TIMEOUT_S: Final = 120.0
_API_TIMEOUT_S: Final = 30.0
_POLL_INTERVAL_S: Final = 0.3


@dataclass(frozen=True)
class PreserveRules:
    """What a reset keeps besides the cluster's own objects.

    In the lab's namespaces, objects of its manifests stay. Their Services are
    deleted, so that VIPs are free, and Gateways that were changed.
    """

    labs: frozenset[str]
    control_plane: str
    objects: frozenset[tuple[str, str, str]] = frozenset()
    """The manifests' kinds, namespaces and names; if empty, all that have
    the lab's label."""
    gateway: bool = False
    """True keeps Envoy Gateway; otherwise all of it is deleted."""
    gateways: bool = False
    """True keeps also Gateways of the lab, whose proxies take seconds."""


def reset_cluster(
    kube: KubeClient, keep: PreserveRules, *, metallb: bool
) -> list[str]:
    """Reset everything; return what was changed, a line each.

    Without `metallb`, its namespace is left alone. An API server that has
    just started refuses some lists for a while, so it is asked again.

    Raises:
        KubeError: it did not answer, or refused, for half a minute.

    """
    deadline = time.monotonic() + _API_TIMEOUT_S
    while True:
        try:
            return _reset(kube, keep, metallb=metallb)
        except KubeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_INTERVAL_S)


def _reset(
    kube: KubeClient, keep: PreserveRules, *, metallb: bool
) -> list[str]:
    nodes = _await_ready(kube)
    if metallb:
        _scale_controller_up(kube)
    with ThreadPoolExecutor(_THREADS) as pool:
        foreign = _foreign(kube, pool, keep, metallb=metallb)
        spaces = kube.metadata(_NAMESPACES)
        lines = [
            _patch_namespace(kube, meta)
            for meta in spaces
            if meta["name"] in _PLAIN_NAMESPACES
        ]
        for paths in (*foreign, _foreign_namespaces(spaces, keep)):
            lines += pool.map(partial(_delete, kube), paths)
        lines += pool.map(lambda node: _patch_node(kube, node, keep), nodes)
    return [*filter(None, lines)]


def _scale_controller_up(kube: KubeClient) -> None:
    """Start MetalLB's controller early if it was scaled to zero.

    It takes two seconds, and serves MetalLB's webhook.
    """
    scale = kube.get(_CONTROLLER_SCALE)
    if scale and not scale["spec"].get("replicas"):
        kube.ask("PATCH", _CONTROLLER_SCALE, {"spec": {"replicas": 1}}, MERGE)


def _await_ready(kube: KubeClient) -> list[Object]:
    """Return the nodes once all are ready; some may have just started."""
    deadline = time.monotonic() + _READY_TIMEOUT_S
    while True:
        problem = "no node"
        try:
            nodes = kube.items(_NODES)
            late = [
                _name(node)
                for node in nodes
                if not has_condition(node, "Ready")
            ]
        except KubeError as error:
            problem = str(error)
        else:
            if nodes and not late:
                return nodes
            problem = f"not ready: {', '.join(late)}" if late else problem
        if time.monotonic() > deadline:
            raise KubeError(problem)
        time.sleep(_POLL_INTERVAL_S)


def _name(item: Object) -> str:
    return str(item["metadata"]["name"])


def _foreign(
    kube: KubeClient, pool: Executor, keep: PreserveRules, *, metallb: bool
) -> list[list[str]]:
    """Return the paths of all objects to delete, in the order to do so.

    Webhooks and policies go first, because they may refuse other deletions;
    owners go before their pods, because they would recreate them; CRDs go
    after their objects.
    """
    kinds = [
        kind
        for kind in discover(kube)
        if kind.deletable
        and kind.name not in VOLATILE_KINDS
        and (kind.namespaced or kind.name in OWN_NAMES)
    ]
    lists = pool.map(lambda kind: kube.metadata(kind.path), kinds)
    found = list(zip(kinds, lists, strict=True))
    keep = replace(keep, gateways=keep.gateway and are_untouched(found))
    groups: list[list[str]] = [[], [], [], []]
    for kind, metas in found:
        groups[_order(kind)] += [
            kind.object_path(meta)
            for meta in metas
            if _is_foreign(kind, meta, keep, metallb=metallb)
        ]
    if metallb:
        groups[1] += _foreign_secrets(kube)
    return groups


def _order(kind: Kind) -> int:
    if kind.name in _RESTRICTIONS:
        return 0
    if kind.name in DEPENDENT_KINDS:
        return 2
    if kind.name == _CRDS:
        return 3
    return int(kind.namespaced)


def _is_foreign(
    kind: Kind, meta: Object, keep: PreserveRules, *, metallb: bool
) -> bool:
    """Tell whether an object is neither the cluster's nor the lab's."""
    if _is_kept_gateway(kind, meta, keep):
        return False
    own = is_clusters_own(kind.name, meta)
    if not kind.namespaced:
        return not own
    if kind.name in _RESTRICTIONS and not is_labs(meta):
        return True
    if meta["namespace"] in _KEPT_NAMESPACES:
        return (
            metallb
            and meta["namespace"] == METALLB_NAMESPACE
            and not _comes_with_metallb(kind, meta)
        )
    labs = is_labs(meta) and meta["namespace"] in keep.labs
    if kind.name in DEPENDENT_KINDS:
        # A pod whose labels were changed has lost its owner: Services may
        # select it, and its workload has another pod already.
        return not (labs and is_controlled(meta))
    kept = kind.name != "services" and (keep.gateways or kind.name != GATEWAYS)
    return not own and not (labs and kept and _is_original(kind, meta, keep))


def _is_original(kind: Kind, meta: Object, keep: PreserveRules) -> bool:
    """Tell whether an object is of the lab's manifests, and no copy of one.

    A copy has the label of the original. Secrets are made by a lab's own
    tasks, too.
    """
    place = (kind.title, meta["namespace"], meta["name"])
    return not keep.objects or kind.name == "secrets" or place in keep.objects


def _is_kept_gateway(kind: Kind, meta: Object, keep: PreserveRules) -> bool:
    """Tell whether an object belongs to an Envoy Gateway that stays."""
    return (
        keep.gateway
        and meta.get("namespace", GATEWAY_NAMESPACE) == GATEWAY_NAMESPACE
        and is_envoy_gateways(kind.name, meta)
    )


def _comes_with_metallb(kind: Kind, meta: Object) -> bool:
    """Tell whether an object of MetalLB's namespace is of the kit's release.

    What configures MetalLB is the lab's or a student's; `_foreign_secrets`
    knows whose a Secret is. A pod without a workload is a copy, whatever its
    labels.
    """
    orphan = kind.name in DEPENDENT_KINDS and not is_controlled(meta)
    if orphan or kind.name.endswith(".metallb.io"):
        return False
    if kind.name in _METALLB_WORKLOADS:
        return bool(meta["name"] == _METALLB_WORKLOADS[kind.name])
    return (
        kind.name == "secrets"
        or is_metallb(meta)
        or is_clusters_own(kind.name, meta)
    )


def _foreign_namespaces(
    metas: Iterable[Object], keep: PreserveRules
) -> list[str]:
    """Return the paths of namespaces of neither the cluster nor the lab."""
    known = _KEPT_NAMESPACES | keep.labs | {"default"}
    if keep.gateway:
        known |= {GATEWAY_NAMESPACE}
    names = [meta["name"] for meta in metas]
    return [f"{_NAMESPACES}/{name}" for name in names if name not in known]


def _patch_namespace(kube: KubeClient, meta: Object) -> str:
    """Remove what was written on a namespace that every lab has."""
    patch = {
        field: dict.fromkeys(added)
        for field in ("labels", "annotations")
        if (added := (meta.get(field) or {}).keys() - _NAMESPACE_LABELS)
    }
    if not patch:
        return ""
    path = f"{_NAMESPACES}/{meta['name']}"
    kube.ask("PATCH", path, {"metadata": patch}, MERGE)
    return f"changed {path}"


def _foreign_secrets(kube: KubeClient) -> list[str]:
    """Return the paths of Secrets that were added to MetalLB's namespace.

    Those of Helm and passwords of BGP sessions have a type; MetalLB's own
    are Opaque. The first of Helm's is the kit's, which installing restores.
    """
    path = f"{METALLB_CORE}/secrets"
    return [
        f"{path}/{_name(secret)}"
        for secret in kube.items(path)
        if secret["type"] != "Opaque" and _name(secret) != HELM_RELEASE
    ]


def _delete(kube: KubeClient, path: str) -> str:
    """Delete an object at once; return a line, "" if it is gone already.

    It would stay, and its namespace with it, if it had a finalizer of a
    controller that the cluster does not have.
    """
    deleted = kube.delete(path, _NOW)
    if deleted is None:
        return ""
    finalizers = deleted.get("metadata", {}).get("finalizers", [])
    known = [name for name in finalizers if _is_known_finalizer(name)]
    if known != finalizers:
        patch = {"metadata": {"finalizers": known}}
        kube.ask("PATCH", path, patch, MERGE)
    return f"deleted {path}"


def _is_known_finalizer(name: str) -> bool:
    """Tell whether a controller of the cluster removes it."""
    known = "/" not in name or name in _FINALIZERS
    return known and name != _CLASS_FINALIZER


def _patch_node(kube: KubeClient, node: Object, keep: PreserveRules) -> str:
    """Give a node the labels, annotations and taints of kubeadm."""
    name = _name(node)
    patch = node_patch(node, control_plane=name == keep.control_plane)
    if not patch:
        return ""
    kube.ask("PATCH", f"{_NODES}/{name}", patch, MERGE)
    return f"changed node {name}"


def node_patch(node: Object, *, control_plane: bool) -> Object | None:
    """Return the patch that restores a node's metadata and taints, if any."""
    labels = node["metadata"]["labels"]
    own = CONTROL_PLANE_LABELS if control_plane else frozenset()
    changes: dict[str, str | None] = dict.fromkeys(
        labels.keys() - NODE_LABELS - own
    )
    changes |= dict.fromkeys(own - labels.keys(), "")
    annotations: dict[str, None] = {
        key: None
        for key in node["metadata"].get("annotations") or {}
        if not key.startswith(NODE_ANNOTATIONS)
    }
    current = node["spec"].get("taints") or []
    taints = [
        taint
        for taint in current
        if (taint["key"], taint["effect"]) in _OWN_TAINTS
    ]
    if control_plane:
        taints.append({"key": CONTROL_PLANE, "effect": "NoSchedule"})
    same = sorted(taints, key=str) == sorted(current, key=str)
    if (
        not (changes or annotations)
        and same
        and "unschedulable" not in node["spec"]
    ):
        return None
    return {
        "metadata": {"labels": changes, "annotations": annotations},
        "spec": {"unschedulable": None, "taints": taints},
    }
