"""Ask the API server which kinds of objects it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

_ACCEPT: Final = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
)


class Reader(Protocol):
    """The part of `KubeClient` that reads."""

    def get(self, path: str, accept: str = ...) -> dict[str, Any] | None:
        """Return the object or list at `path`."""

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return the objects of a list."""

    def metadata(self, path: str) -> list[dict[str, Any]]:
        """Return the metadata of a list's objects."""


@dataclass(frozen=True)
class Kind:
    """A kind of objects that can be listed."""

    name: str
    """As kubectl names it: `pods`, `deployments.apps`."""
    path: str
    """The API path of the list of all namespaces."""
    namespaced: bool
    deletable: bool
    title: str = ""
    """As objects name it: `Pod`."""

    @property
    def api_version(self) -> str:
        """As objects name group and version: `v1`, `apps/v1`."""
        _, _, *version = self.path.split("/")[:-1]
        return "/".join(version)

    def object_path(self, meta: dict[str, Any]) -> str:
        """Return the API path of one object."""
        group, plural = self.path.rsplit("/", 1)
        space = f"/namespaces/{meta['namespace']}" if self.namespaced else ""
        return f"{group}{space}/{plural}/{meta['name']}"


def discover(cluster: Reader) -> list[Kind]:
    """Return all kinds that can be listed, each in its preferred version.

    Raises:
        KubeError: the API server does not answer, or refuses.

    """
    kinds: dict[str, Kind] = {}
    for root in ("/api", "/apis"):
        answer = cluster.get(root, _ACCEPT) or {}
        for group in answer.get("items") or []:
            for kind in _kinds(root, group):
                kinds.setdefault(kind.name, kind)
    return list(kinds.values())


def _kinds(root: str, group: dict[str, Any]) -> Iterator[Kind]:
    name = group["metadata"].get("name", "")
    for version in group["versions"]:
        # The server of an aggregated API that is stale does not answer.
        if version.get("freshness") == "Stale":
            continue
        prefix = "/".join(filter(None, (root, name, version["version"])))
        for resource in version.get("resources") or []:
            plural, verbs = resource["resource"], resource.get("verbs") or []
            if "list" in verbs:
                yield Kind(
                    f"{plural}.{name}" if name else plural,
                    f"{prefix}/{plural}",
                    namespaced=resource["scope"] == "Namespaced",
                    deletable="delete" in verbs,
                    title=(resource.get("responseKind") or {}).get("kind", ""),
                )
