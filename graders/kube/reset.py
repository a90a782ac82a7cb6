"""The cluster brought back to what its maker left, but for a lab's objects.

Whatever a fault or a student may have added is deleted: objects of all
common kinds, namespaces, MetalLB's own resources, labels and taints of
nodes. What is deleted is not waited for.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from graders.kube.client import MERGE, NO_GRACE_PERIOD, KubeError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from graders.kube.client import KubeClient, Object

# Lists by their paths; those of the second row are made by the first's.
_OWNERS: Final = (
    *("/apis/apps/v1/deployments", "/apis/apps/v1/daemonsets"),
    *("/apis/apps/v1/statefulsets", "/apis/batch/v1/cronjobs"),
    *("/apis/batch/v1/jobs", "/api/v1/services", "/api/v1/configmaps"),
    *("/api/v1/secrets", "/apis/networking.k8s.io/v1/networkpolicies"),
    "/apis/networking.k8s.io/v1/ingresses",
)
_MADE: Final = ("/apis/apps/v1/replicasets", "/api/v1/pods")
_METALLB: Final = "metallb-system"
_RESOURCES: Final = (
    *("v1beta1/ipaddresspools", "v1beta1/l2advertisements"),
    *("v1beta1/bgpadvertisements", "v1beta1/communities"),
    *("v1beta1/bfdprofiles", "v1beta2/bgppeers"),
)
# What kubeadm and kubelet label a node with, the control plane besides.
_NODE_LABELS: Final = frozenset(
    {
        *("beta.kubernetes.io/arch", "beta.kubernetes.io/os"),
        *("kubernetes.io/arch", "kubernetes.io/os"),
        "kubernetes.io/hostname",
    }
)
_MASTER: Final = "node-role.kubernetes.io/control-plane"
_MASTER_LABELS: Final = frozenset(
    {_MASTER, "node.kubernetes.io/exclude-from-external-load-balancers"}
)
# Taints of the cluster's own controllers come and go by themselves; that of
# a node which was cordoned does not.
_OWN_TAINTS: Final = "node.kubernetes.io/"
_CORDONED: Final = "node.kubernetes.io/unschedulable"
_NOW: Final = NO_GRACE_PERIOD | {"propagationPolicy": "Background"}
_CONTROLLER: Final = (
    f"/apis/apps/v1/namespaces/{_METALLB}/deployments/metallb-controller/scale"
)
_NODE: Final = "/api/v1/nodes"
_SPACES: Final = "/api/v1/namespaces"
_THREADS: Final = 8
_READY_SECONDS: Final = 120.0
_AGAIN_SECONDS: Final = 30.0
_STEP: Final = 0.3


@dataclass(frozen=True)
class PreserveRules:
    """What stays: the cluster's own namespaces, and those of the lab.

    In the lab's own, what `kubectl apply` of it will find again stays; but
    Services go there, too, so that VIPs are free.
    """

    namespaces: frozenset[str]
    labs: frozenset[str]
    control_plane: str


def reset_cluster(
    kube: KubeClient, kept: PreserveRules, *, metallb: bool
) -> list[str]:
    """Restore all; return what was changed, a line each.

    Without `metallb` nothing is looked at in its namespace. An API server
    that was just started refuses some lists for a while: it is asked again.

    Raises:
        KubeError: it did not answer, or refused, for half a minute.

    """
    deadline = time.monotonic() + _AGAIN_SECONDS
    while True:
        try:
            return _restore(kube, kept, metallb=metallb)
        except KubeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_STEP)


def _restore(
    kube: KubeClient, kept: PreserveRules, *, metallb: bool
) -> list[str]:
    nodes = _await_ready(kube)
    if metallb:
        _wake(kube)
    with ThreadPoolExecutor(_THREADS) as pool:
        owners = _doomed(kube, pool, _OWNERS, kept)
        made = _doomed(kube, pool, _MADE, kept)
        spaces = _foreign(kube, kept)
        own = _of_metallb(kube, pool) if metallb else []
        lines: list[str] = []
        # Owners first: they would make what is deleted again.
        for paths in ([*owners, *own], [*made, *spaces]):
            lines += filter(None, pool.map(partial(_delete, kube), paths))
        lines += filter(
            None, pool.map(lambda node: _mend(kube, node, kept), nodes)
        )
    return lines


def _wake(kube: KubeClient) -> None:
    """Let a controller that was scaled away come while the rest is done.

    It needs two seconds, and MetalLB's webhook is in it.
    """
    scale = kube.get(_CONTROLLER)
    if scale and not scale["spec"].get("replicas"):
        kube.ask("PATCH", _CONTROLLER, {"spec": {"replicas": 1}}, MERGE)


def _await_ready(kube: KubeClient) -> list[Object]:
    """Return the nodes once all are ready: some may just have been started.

    Raises:
        KubeError: they are not within two minutes; names them.

    """
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        problem = "no node"
        try:
            nodes = kube.items(_NODE)
            late = [_name(one) for one in nodes if not _ready(one)]
        except KubeError as error:
            problem = str(error)
        else:
            if nodes and not late:
                return nodes
            problem = f"not ready: {', '.join(late)}" if late else problem
        if time.monotonic() > deadline:
            raise KubeError(problem)
        time.sleep(_STEP)


def _name(item: Object) -> str:
    return str(item["metadata"]["name"])


def _ready(node: Object) -> bool:
    states = node.get("status", {}).get("conditions", [])
    return any(
        one["type"] == "Ready" and one["status"] == "True" for one in states
    )


def _doomed(
    kube: KubeClient, pool: Executor, lists: Sequence[str], kept: PreserveRules
) -> list[str]:
    """Return the paths of all objects that are not to stay."""
    return [
        _path(where, meta)
        for where, found in zip(
            lists, pool.map(kube.metadata, lists), strict=True
        )
        for meta in found
        if _goes(where, meta, kept)
    ]


def _goes(where: str, meta: Object, kept: PreserveRules) -> bool:
    labels = meta.get("labels", {})
    if (
        meta["namespace"] in kept.namespaces
        or labels.get("component") == "apiserver"
        or meta["name"] == "kube-root-ca.crt"
    ):
        return False
    own = labels.get("app.kubernetes.io/managed-by") == "metallb-lab"
    stays = own and meta["namespace"] in kept.labs
    return not stays or where.endswith("/services") or _let_go(where, meta)


def _let_go(where: str, meta: Object) -> bool:
    """Tell whether an object lost the owner that has made it.

    A pod whose labels were changed is let go: a Service may find it, and
    the workload's own pods are there besides.
    """
    return where in _MADE and not any(
        owner.get("controller") for owner in meta.get("ownerReferences") or []
    )


def _foreign(kube: KubeClient, kept: PreserveRules) -> list[str]:
    """Return the paths of namespaces that are nobody's."""
    stay = kept.namespaces | kept.labs | {"default"}
    names = [meta["name"] for meta in kube.metadata(_SPACES)]
    return [f"{_SPACES}/{name}" for name in names if name not in stay]


def _of_metallb(kube: KubeClient, pool: Executor) -> list[str]:
    """Return the paths of MetalLB's resources, and of others' secrets.

    Those of Helm and passwords of BGP sessions have a type; MetalLB's own
    are Opaque.
    """
    lists = [
        f"/apis/metallb.io/{kind.replace('/', f'/namespaces/{_METALLB}/')}"
        for kind in _RESOURCES
    ]
    paths = [
        _path(where, meta)
        for where, found in zip(
            lists, pool.map(kube.metadata, lists), strict=True
        )
        for meta in found
    ]
    where = f"/api/v1/namespaces/{_METALLB}/secrets"
    return paths + [
        _path(where, item["metadata"])
        for item in kube.items(where)
        if item["type"] != "Opaque"
    ]


def _path(where: str, meta: Object) -> str:
    """Return an object's own path, given one of a list that it is in."""
    group, kind = where.rsplit("/", 1)
    group = group.partition("/namespaces/")[0]
    return f"{group}/namespaces/{meta['namespace']}/{kind}/{meta['name']}"


def _delete(kube: KubeClient, path: str) -> str:
    """Delete an object at once; return a line, "" where it was gone."""
    gone = kube.delete(path, _NOW) is None
    return "" if gone else f"deleted {path}"


def _mend(kube: KubeClient, node: Object, kept: PreserveRules) -> str:
    """Give a node the labels and taints that kubeadm gave it."""
    name = _name(node)
    patch = node_patch(node, control_plane=name == kept.control_plane)
    if not patch:
        return ""
    kube.ask("PATCH", f"{_NODE}/{name}", patch, MERGE)
    return f"changed node {name}"


def node_patch(node: Object, *, control_plane: bool) -> Object | None:
    """Return the patch that a node's labels and taints need, if any."""
    labels = node["metadata"]["labels"]
    wanted = _MASTER_LABELS if control_plane else frozenset()
    changed: dict[str, str | None] = dict.fromkeys(
        labels.keys() - _NODE_LABELS - wanted
    )
    changed |= dict.fromkeys(wanted - labels.keys(), "")
    taints = node["spec"].get("taints") or []
    kept = [one for one in taints if _is_own(one["key"])]
    if control_plane:
        kept.append({"key": _MASTER, "effect": "NoSchedule"})
    same = sorted(kept, key=str) == sorted(taints, key=str)
    if not changed and same and "unschedulable" not in node["spec"]:
        return None
    spec = {"unschedulable": None, "taints": kept}
    return {"metadata": {"labels": changed}, "spec": spec}


def _is_own(taint: str) -> bool:
    return taint.startswith(_OWN_TAINTS) and taint != _CORDONED
