"""How MetalLB stands, in lines that change when anybody changes it.

An apply of what is there already takes longer than to look whether it is.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from graders.kube.client import KubeError

if TYPE_CHECKING:
    from graders.kube.client import KubeClient, Object

SPACE: Final = "namespaces/metallb-system"
MINE: Final = "?labelSelector=app.kubernetes.io/name=metallb"
RBAC: Final = "/apis/rbac.authorization.k8s.io/v1"
_COUNTED: Final = (
    f"/apis/apps/v1/{SPACE}/deployments{MINE}",
    f"/apis/apps/v1/{SPACE}/daemonsets{MINE}",
)
HOOKS: Final = "/apis/admissionregistration.k8s.io/v1"
CRDS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_OTHERS: Final = (
    f"/api/v1/{SPACE}/configmaps{MINE}",
    f"/api/v1/{SPACE}/serviceaccounts{MINE}",
    f"/api/v1/{SPACE}/services{MINE}",
    f"{RBAC}/{SPACE}/roles{MINE}",
    f"{RBAC}/{SPACE}/rolebindings{MINE}",
    f"{RBAC}/clusterroles{MINE}",
    f"{RBAC}/clusterrolebindings{MINE}",
    f"{HOOKS}/validatingwebhookconfigurations{MINE}",
    CRDS,
)
_SECRETS: Final = f"/api/v1/{SPACE}/secrets"
_OWN_SECRETS: Final = ("metallb-memberlist", "metallb-webhook-cert")
# How many of a Deployment's or DaemonSet's pods are there.
_COUNTS: Final = (
    *("readyReplicas", "numberReady"),
    *("updatedReplicas", "updatedNumberScheduled"),
)
_POOLS: Final = f"/apis/metallb.io/v1beta1/{SPACE}/ipaddresspools"
_QUESTION: Final = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "IPAddressPool",
    "metadata": {"name": "webhook-answers"},
    "spec": {"addresses": ["192.0.2.1/32"]},
}


def fingerprint(kube: KubeClient) -> list[str]:
    """Return a line for each object of MetalLB.

    Raises:
        KubeError: the API server does not answer, or refuses.

    """
    with ThreadPoolExecutor(len(_OTHERS)) as pool:
        metas = pool.map(kube.metadata, _OTHERS)
        lines = [
            f"{path} {_version(meta)}"
            for path, found in zip(_OTHERS, metas, strict=True)
            for meta in found
        ]
    lines += [
        f"{path} {_version(item['metadata'])} {_counts(item)}"
        for path in _COUNTED
        for item in kube.items(path)
    ]
    lines += [
        f"{item['metadata']['name']} {item['type']}"
        for item in kube.items(_SECRETS)
        if item["metadata"]["name"] in _OWN_SECRETS
    ]
    return sorted(lines)


def _version(meta: Object) -> str:
    """Return what changes with an object.

    The generation counts the changes of a spec; where a kind has none, the
    version of the whole object does.
    """
    version = meta.get("generation") or meta["resourceVersion"]
    return f"{meta['name']} {meta['uid']} {version}"


def _counts(item: Object) -> str:
    """Return how many pods are wanted, and how many there are."""
    status = item.get("status", {})
    found = [item["spec"].get("replicas")] + [
        status.get(count) for count in _COUNTS
    ]
    return " ".join(map(str, found))


def webhook_error(kube: KubeClient) -> str:
    """Say why the webhook does not answer, "" if it does.

    It is asked by a dry run, which changes nothing. After a restart of its
    node a controller is said to be ready for a while that is not back yet.
    """
    try:
        found = kube.ask("POST", f"{_POOLS}?dryRun=All", _QUESTION)
    except KubeError as error:
        return str(error)
    return "" if found else "there is no kind IPAddressPool"
