"""MetalLB taken away, however it was installed, and waited for to be gone.

A namespace is gone 5 s after its deletion at the earliest (Kubernetes' own
grace period), so other things are done between the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from graders.kube.client import NO_GRACE_PERIOD
from graders.kube.metallb_fingerprint import CRDS, HOOKS, MINE, RBAC, SPACE
from graders.polling import until_none

if TYPE_CHECKING:
    from graders.kube.client import KubeClient

_APPS: Final = f"/apis/apps/v1/{SPACE}"
_NAMESPACE: Final = f"/api/v1/{SPACE}"
_GROUP: Final = ".metallb.io"
_ORPHAN: Final = {"propagationPolicy": "Orphan"}
# In this order. The webhook goes first: without its controller it would
# refuse. Without their owners no pods come back that would be waited for.
_ALL: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    (f"{HOOKS}/validatingwebhookconfigurations{MINE}", {}),
    (f"{_APPS}/deployments", _ORPHAN),
    (f"{_APPS}/daemonsets", _ORPHAN),
    (f"{_APPS}/replicasets", NO_GRACE_PERIOD),
    (f"/api/v1/{SPACE}/pods", NO_GRACE_PERIOD),
    (_NAMESPACE, {}),
    (f"{RBAC}/clusterroles{MINE}", {}),
    (f"{RBAC}/clusterrolebindings{MINE}", {}),
)
_STEP: Final = 0.1


def uninstall(kube: KubeClient) -> bool:
    """Begin to remove it; return whether there was anything.

    Raises:
        KubeError: the API server does not answer, or refuses.

    """
    # What lives on when its namespace is gone is looked at, too.
    crds = _crds(kube)
    there = bool(kube.get(_NAMESPACE) or crds)
    for path, options in _ALL:
        kube.delete(path, options)
    for path in crds:
        kube.delete(path)
    return there


def wait_uninstalled(kube: KubeClient, seconds: float) -> list[str]:
    """Wait until all of it is gone; return what is not in time.

    Raises:
        KubeError: as `remove`.

    """

    def left() -> list[str]:
        found = [_NAMESPACE] if kube.get(_NAMESPACE) else []
        return [f"{path} is not gone" for path in [*found, *_crds(kube)]]

    return until_none(left, seconds, _STEP)


def _crds(kube: KubeClient) -> list[str]:
    names = [meta["name"] for meta in kube.metadata(CRDS)]
    return [f"{CRDS}/{name}" for name in names if name.endswith(_GROUP)]
