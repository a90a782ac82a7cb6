"""A fake API server that keeps lists of objects by their path."""

from __future__ import annotations

import copy
from typing import Any

Object = dict[str, Any]

READY = {"conditions": [{"type": "Ready", "status": "True"}]}
# Kinds without namespace that the tests use.
_CLUSTER_SCOPED = frozenset(
    {
        *("nodes", "namespaces", "persistentvolumes", "clusterroles"),
        *("clusterrolebindings", "customresourcedefinitions", "apiservices"),
        *("ingressclasses", "priorityclasses", "runtimeclasses"),
        "gatewayclasses",
        *("validatingadmissionpolicies", "validatingadmissionpolicybindings"),
        *("mutatingadmissionpolicies", "mutatingadmissionpolicybindings"),
        "validatingwebhookconfigurations",
        "mutatingwebhookconfigurations",
    }
)


class FakeApi:
    """An API server; deletions take effect, and all changes are noted."""

    def __init__(self, lists: dict[str, list[Object]]) -> None:
        """Know these lists, and one node."""
        self.lists = copy.deepcopy(lists)
        self.lists.setdefault("/api/v1/nodes", [node()])
        self.lists.setdefault("/api/v1/namespaces", [])
        self.asked: list[str] = []

    def get(self, path: str, accept: str = "") -> Object | None:
        """Return the kinds, or the first object of a list."""
        if "APIGroupDiscoveryList" in accept:
            return {"items": self._groups(path)}
        return next(iter(self.lists.get(path, [])), None)

    def items(self, path: str) -> list[Object]:
        """Return a list; one inside a namespace is part of that of all."""
        if path in self.lists:
            return self.lists[path]
        group, _, rest = path.partition("/namespaces/")
        namespace, _, plural = rest.partition("/")
        return [
            item
            for item in self.lists.get(f"{group}/{plural}", [])
            if item["metadata"]["namespace"] == namespace
        ]

    def metadata(self, path: str) -> list[Object]:
        """Return a list's metadata."""
        return [item["metadata"] for item in self.items(path)]

    def delete(self, path: str, *_: object) -> Object | None:
        """Delete an object; one called `gone` is gone already.

        It stays with a finalizer.
        """
        self.asked.append(f"DELETE {path}")
        for where, items in self.lists.items():
            for item in items:
                if _path(where, item["metadata"]) == path:
                    if item["metadata"].get("finalizers"):
                        return item
                    items.remove(item)
                    return None if path.endswith("/gone") else {}
        return None

    def ask(
        self, verb: str, path: str, body: Object, *_: object
    ) -> Object | None:
        """Note the request, and patch what it names."""
        self.asked.append(f"{verb} {path}")
        for where, items in self.lists.items():
            for item in items:
                if (
                    "metadata" in item
                    and _path(where, item["metadata"]) == path
                ):
                    _merge(item, body)
        return {}

    def _groups(self, root: str) -> list[Object]:
        groups: dict[str, dict[str, list[Object]]] = {}
        for path in self.lists:
            _, top, *group, version, plural = path.split("/")
            if f"/{top}" != root or "namespaces" in group:
                continue
            resource = {
                "resource": plural,
                "responseKind": {"kind": plural.removesuffix("s").title()},
                "scope": "Cluster"
                if plural in _CLUSTER_SCOPED
                else "Namespaced",
                "verbs": ["list", "delete"],
            }
            versions = groups.setdefault("".join(group), {})
            versions.setdefault(version, []).append(resource)
        return [
            {
                "metadata": {"name": name} if name else {},
                "versions": [
                    {"version": version, "resources": resources}
                    for version, resources in versions.items()
                ],
            }
            for name, versions in groups.items()
        ]


def node(name: str = "lab-worker", **labels: str) -> Object:
    """Return a node that is ready, with what kubeadm labels it with."""
    own = dict.fromkeys(
        [
            *("beta.kubernetes.io/arch", "beta.kubernetes.io/os"),
            *("kubernetes.io/arch", "kubernetes.io/hostname"),
            "kubernetes.io/os",
        ],
        "x",
    )
    return {
        "metadata": {"name": name, "labels": own | labels},
        "spec": {},
        "status": READY,
    }


def _path(where: str, meta: Object) -> str:
    if "namespace" not in meta:
        return f"{where}/{meta['name']}"
    group, plural = where.rsplit("/", 1)
    return f"{group}/namespaces/{meta['namespace']}/{plural}/{meta['name']}"


def _merge(target: Object, patch: Object) -> None:
    """Do what a JSON merge patch does."""
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict):
            _merge(target.setdefault(key, {}), value)
        else:
            target[key] = value
