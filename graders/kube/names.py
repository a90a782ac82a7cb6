"""Names of the cluster's objects that several packages share."""

from __future__ import annotations

from typing import Final

METALLB_NAMESPACE: Final = "metallb-system"
METALLB_API: Final = "/apis/metallb.io/v1beta1"
# The path of MetalLB's own resources.
METALLB_PATH: Final = f"{METALLB_API}/namespaces/{METALLB_NAMESPACE}"
# The label of what the kit creates.
MANAGED_BY_KIT: Final = {"app.kubernetes.io/managed-by": "metallb-lab"}
