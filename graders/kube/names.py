"""Names of the cluster's objects that several packages share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# The label with which Kubernetes gives each namespace its own name.
NAMESPACE_NAME_LABEL: Final = "kubernetes.io/metadata.name"

METALLB_NAMESPACE: Final = "metallb-system"
METALLB_API: Final = "/apis/metallb.io/v1beta1"
# The path of MetalLB's own resources.
METALLB_PATH: Final = f"{METALLB_API}/namespaces/{METALLB_NAMESPACE}"
# The label of what the kit creates.
MANAGED_BY_KIT: Final = {"app.kubernetes.io/managed-by": "metallb-lab"}
# The label of an EndpointSlice that names its Service.
SERVICE_NAME: Final = "kubernetes.io/service-name"
# API paths.
METALLB_CORE: Final = f"/api/v1/namespaces/{METALLB_NAMESPACE}"
METALLB_APPS: Final = f"/apis/apps/v1/namespaces/{METALLB_NAMESPACE}"
RBAC_API: Final = "/apis/rbac.authorization.k8s.io/v1"
WEBHOOKS: Final = (
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
)
CRDS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
# The Secret in which Helm keeps the release that a lab begins with.
HELM_RELEASE: Final = "sh.helm.release.v1.metallb.v1"
# The labels of the kit's release of MetalLB; another installation, which a lab
# or a student adds, has the first of them.
METALLB_LABELS: Final = {
    "app.kubernetes.io/name": "metallb",
    "app.kubernetes.io/instance": "metallb",
}
# The objects of MetalLB's chart, wherever they are.
METALLB_SELECTOR: Final = "?labelSelector=app.kubernetes.io/name=metallb"
# Envoy Gateway, and the proxies of all Gateways.
GATEWAY_NAMESPACE: Final = "envoy-gateway-system"
GATEWAY_CORE: Final = f"/api/v1/namespaces/{GATEWAY_NAMESPACE}"
GATEWAY_APPS: Final = f"/apis/apps/v1/namespaces/{GATEWAY_NAMESPACE}"
GATEWAY_API: Final = "/apis/gateway.networking.k8s.io/v1"
# The class of Gateways that the kit installs.
GATEWAY_CLASS: Final = "eg"
# The objects of its chart, wherever they are.
GATEWAY_LABEL: Final = {"app.kubernetes.io/name": "gateway-helm"}
# What it makes for a Gateway.
GATEWAY_PROXY_LABEL: Final = {"app.kubernetes.io/managed-by": "envoy-gateway"}
# Labels of what was created for a Gateway begin with this: -name, -namespace.
GATEWAY_OWNER: Final = "gateway.envoyproxy.io/owning-gateway"


def full_name(item: Mapping[str, Any]) -> str:
    """Return an object's `namespace/name`, its name without a namespace."""
    meta = item["metadata"]
    return "/".join(filter(None, (meta.get("namespace"), meta["name"])))
