"""Restore single objects of the cluster to what was recorded of them.

The comparison with the recorded start names the places; so no kind has to be
known here.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from graders.kube.client import NO_GRACE_PERIOD, KubeError
from graders.kube.discovery import discover
from graders.kube.start_state import METADATA_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from graders.kube.client import KubeClient, Object

# What the API server writes, in metadata and besides.
_WRITTEN: Final = frozenset(
    {
        *("creationTimestamp", "generation", "managedFields"),
        *("resourceVersion", "selfLink", "uid"),
    }
)
_RESET_KINDS: Final = frozenset({"nodes"})
# Pods that read a ConfigMap only when they start.
_READERS: Final = {
    "configmaps kube-system/coredns": "k8s-app=kube-dns",
    "configmaps kube-system/kube-proxy": "k8s-app=kube-proxy",
}
_SYSTEM_PODS: Final = "/api/v1/namespaces/kube-system/pods"


def is_restorable(kind: str) -> bool:
    """Tell whether all of an object of this kind is worth recording."""
    return kind not in METADATA_KINDS | _RESET_KINDS


def recordable(item: Object) -> Object:
    """Return what has to be kept of an object to restore it."""
    meta = {
        key: value
        for key, value in item["metadata"].items()
        if key not in _WRITTEN
    }
    kept = {key: value for key, value in item.items() if key != "status"}
    return kept | {"metadata": meta}


def restore_objects(
    kube: KubeClient, places: Iterable[str], recorded: Mapping[str, Object]
) -> None:
    """Create, change or delete objects, so that they are as recorded.

    A place is a kind and a name: `configmaps kube-system/coredns`. What cannot
    be restored is left as it is.

    Raises:
        KubeError: the API server does not answer.

    """
    kinds = {kind.name: kind for kind in discover(kube)}
    # Namespaces come before what is in them.
    for place in sorted(places, key=lambda it: not it.startswith("namespace")):
        name, _, where = place.partition(" ")
        if name not in kinds or name in _RESET_KINDS:
            continue
        namespace, _, own = where.rpartition("/")
        path = kinds[name].object_path({"namespace": namespace, "name": own})
        with suppress(KubeError):
            _restore(kube, path, recorded.get(place))
        if place in _READERS:
            kube.delete(f"{_SYSTEM_PODS}?labelSelector={_READERS[place]}")


def _restore(kube: KubeClient, path: str, wanted: Object | None) -> None:
    now = kube.get(path)
    if now and wanted:
        meta = now["metadata"]
        for key in ("labels", "annotations", "finalizers"):
            meta[key] = wanted["metadata"].get(key)
        try:
            kube.ask("PUT", path, {**_kind(now), **wanted, "metadata": meta})
        except KubeError:
            # Some fields cannot be changed.
            kube.delete(path, NO_GRACE_PERIOD)
            now = None
    elif now:
        kube.delete(path, NO_GRACE_PERIOD)
    if wanted and not now:
        collection = path.rpartition("/")[0]
        listed = kube.get(f"{collection}?limit=1") or {}
        kube.ask("POST", collection, {**_kind(listed), **wanted})


def _kind(answer: Object) -> Object:
    """Return the fields that an object in a list does not have."""
    return {
        "apiVersion": answer.get("apiVersion"),
        "kind": str(answer.get("kind")).removesuffix("List"),
    }
