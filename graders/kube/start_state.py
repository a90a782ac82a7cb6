"""Which objects of the cluster belong to the start state of a lab.

The reset deletes objects by these tables, and the recorded start state is
compared by them. Both ask the API server for all kinds, so a kind that is not
named here is compared and, if it has a namespace, reset.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from graders.kube.names import (
    GATEWAY_CLASS,
    GATEWAY_LABEL,
    GATEWAY_PROXY_LABEL,
    MANAGED_BY_KIT,
    METALLB_LABELS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# Namespaces of the cluster itself; nothing in them belongs to a lab.
SYSTEM_NAMESPACES: Final = frozenset(
    {"kube-system", "kube-public", "kube-node-lease", "local-path-storage"}
)

# Kinds that are neither reset nor compared, and why.
VOLATILE_KINDS: Final[dict[str, str]] = {
    "componentstatuses": "the API server makes them when asked",
    "endpoints": "controllers copy them to and from EndpointSlices",
    "events": "a log; they expire after an hour",
    "certificatesigningrequests.certificates.k8s.io": "of kubelets; expire",
    "clustertrustbundles.certificates.k8s.io": "name the CA of one cluster",
    "csinodes.storage.k8s.io": "kubelets write them",
    "events.events.k8s.io": "as events",
    "ipaddresses.networking.k8s.io": "one a Service, allocated at random",
    "leasecandidates.coordination.k8s.io": "as leases",
    "leases.coordination.k8s.io": "renewed every few seconds",
    "bgpsessionstates.frrk8s.metallb.io": "written by speakers",
    "configurationstates.metallb.io": "written by controller and speakers",
    "servicebgpstatuses.metallb.io": "written by speakers",
    "servicel2statuses.metallb.io": "written by speakers",
}
# Kinds of which name, labels and annotations are enough: controllers write
# most of these objects, and lists of them are long.
METADATA_KINDS: Final = frozenset(
    {
        *("controllerrevisions.apps", "pods", "replicasets.apps"),
        "endpointslices.discovery.k8s.io",
    }
)
# Pods and ReplicaSets go by themselves when their owner does, but later.
DEPENDENT_KINDS: Final = ("replicasets.apps", "pods")
# Names of the cluster's own objects by kind without namespaces; all others of
# these kinds are deleted, except MetalLB's and those that follow from CRDs.
OWN_NAMES: Final[dict[str, str]] = {
    "apiservices.apiregistration.k8s.io": "",
    "clusterroles.rbac.authorization.k8s.io": (
        "(system|kubeadm):.*|cluster-admin|admin|edit|view|kindnet|pod-routes"
        "|local-path-provisioner-.*"
    ),
    "clusterrolebindings.rbac.authorization.k8s.io": (
        "(system|kubeadm):.*|cluster-admin|kindnet|pod-routes"
        "|local-path-provisioner-.*"
    ),
    "customresourcedefinitions.apiextensions.k8s.io": r".*\.metallb\.io",
    "gatewayclasses.gateway.networking.k8s.io": "",
    "ingressclasses.networking.k8s.io": "",
    "mutatingadmissionpolicies.admissionregistration.k8s.io": "",
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": "",
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": "",
    "persistentvolumes": "",
    "priorityclasses.scheduling.k8s.io": "system-.*",
    "runtimeclasses.node.k8s.io": "",
    "validatingadmissionpolicies.admissionregistration.k8s.io": "",
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": "",
    "validatingwebhookconfigurations.admissionregistration.k8s.io": "",
}
# Names of what comes with Envoy Gateway, besides what has its chart's label.
_GATEWAY_NAMES: Final[dict[str, str]] = {
    "customresourcedefinitions.apiextensions.k8s.io": (
        r".*\.gateway\.(networking\.k8s|envoyproxy)\.io"
    ),
    "gatewayclasses.gateway.networking.k8s.io": GATEWAY_CLASS,
    "secrets": "envoy(-gateway|-oidc-hmac|-rate-limit)?",
    "validatingadmissionpolicies.admissionregistration.k8s.io": (
        r"safe-upgrades\.gateway\.networking\.k8s\.io"
    ),
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": (
        r"safe-upgrades\.gateway\.networking\.k8s\.io"
    ),
}
_CRDS: Final = "customresourcedefinitions.apiextensions.k8s.io"
# Kinds without a namespace whose objects are other ones in each lab.
_OF_LABS: Final = frozenset({"namespaces", "nodes"})
# Labels that kubeadm and kubelet give to a node, and to the control plane.
NODE_LABELS: Final = frozenset(
    {
        *("beta.kubernetes.io/arch", "beta.kubernetes.io/os"),
        *("kubernetes.io/arch", "kubernetes.io/os"),
        "kubernetes.io/hostname",
    }
)
CONTROL_PLANE: Final = "node-role.kubernetes.io/control-plane"
CONTROL_PLANE_LABELS: Final = frozenset(
    {
        CONTROL_PLANE,
        "node.kubernetes.io/exclude-from-external-load-balancers",
    }
)
# Annotations of the cluster's controllers begin like this.
NODE_ANNOTATIONS: Final = (
    *("kubeadm.alpha.kubernetes.io/", "node.alpha.kubernetes.io/"),
    *("volumes.kubernetes.io/", "csi.volume.kubernetes.io/"),
)
# Objects that the cluster creates in every namespace, or in `default`.
_IN_EACH_NAMESPACE: Final = frozenset(
    {"configmaps kube-root-ca.crt", "serviceaccounts default"}
)
_API_SERVER: Final = frozenset(
    {"services kubernetes", "endpointslices.discovery.k8s.io kubernetes"}
)
# The cluster changes these by itself: the token with which nodes join, and
# what names it, expire after a day. A rebuilt cluster has another CA.
_EXPIRING: Final = re.compile(
    "configmaps kube-public/cluster-info"
    "|configmaps kube-system/extension-apiserver-authentication"
    "|secrets kube-system/bootstrap-token-.*"
)


def is_clusters_own(kind: str, meta: Mapping[str, Any]) -> bool:
    """Tell whether the cluster itself maintains an object.

    Objects with a controller are included: the reset changes their owner.
    """
    if kind in OWN_NAMES:
        own = re.fullmatch(OWN_NAMES[kind], meta["name"])
        return bool(own) or is_controlled(meta) or is_metallb(meta)
    return _is_everywhere(kind, meta) or is_controlled(meta)


def is_volatile(kind: str, meta: Mapping[str, Any]) -> bool:
    """Tell whether an object changes by itself, so that it is not compared."""
    place = f"{kind} {meta.get('namespace', '')}/{meta['name']}"
    return bool(
        "deletionTimestamp" in meta
        or is_controlled(meta)
        or _is_everywhere(kind, meta)
        or _EXPIRING.fullmatch(place)
    )


def is_every_labs(place: str) -> bool:
    """Tell whether an object is there whatever lab was started.

    `place` is a kind and a name, such as `configmaps kube-system/coredns`.
    """
    kind, _, where = place.partition(" ")
    namespace, _, name = where.rpartition("/")
    if namespace:
        return namespace in SYSTEM_NAMESPACES
    if kind == "namespaces":
        return name in SYSTEM_NAMESPACES
    if kind in OWN_NAMES:
        own = re.fullmatch(OWN_NAMES[kind], name)
        return bool(own) and kind != _CRDS
    return kind not in _OF_LABS


def is_controlled(meta: Mapping[str, Any]) -> bool:
    """Tell whether a controller owns an object and would recreate it."""
    labels = meta.get("labels") or {}
    manager = labels.get("endpointslice.kubernetes.io/managed-by", "")
    return (
        manager.endswith("controller.k8s.io")
        or "kube-aggregator.kubernetes.io/automanaged" in labels
        or any(
            owner.get("controller")
            for owner in meta.get("ownerReferences") or []
        )
    )


def is_metallb(meta: Mapping[str, Any]) -> bool:
    """Tell whether an object is of the kit's release of MetalLB."""
    return METALLB_LABELS.items() <= (meta.get("labels") or {}).items()


def is_envoy_gateways(kind: str, meta: Mapping[str, Any]) -> bool:
    """Tell whether an object comes with Envoy Gateway, or is made by it.

    It is without namespace or in that of Envoy Gateway. What it makes for a
    Gateway goes with that; only Envoy Gateway itself would make it again.
    """
    if kind in DEPENDENT_KINDS and not is_controlled(meta):
        return False
    labels = (meta.get("labels") or {}).items()
    return (
        labels >= GATEWAY_LABEL.items()
        or labels >= GATEWAY_PROXY_LABEL.items()
        or bool(re.fullmatch(_GATEWAY_NAMES.get(kind, ""), meta["name"]))
    )


def is_labs(meta: Mapping[str, Any]) -> bool:
    """Tell whether an object is of a lab's own manifests."""
    return MANAGED_BY_KIT.items() <= (meta.get("labels") or {}).items()


def _is_everywhere(kind: str, meta: Mapping[str, Any]) -> bool:
    place = f"{kind} {meta['name']}"
    return place in _IN_EACH_NAMESPACE or (
        meta.get("namespace") == "default" and place in _API_SERVER
    )
