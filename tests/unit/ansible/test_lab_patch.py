"""The action `lab_patch`: one object is patched, and a change is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from graders.kube.client import KubeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ARGS: dict[str, Any] = {
    "api_version": "metallb.io/v1beta2",
    "kind": "BGPPeer",
    "name": "router",
    "namespace": "metallb-system",
    "definition": {"spec": {"peerPort": 1179}},
    "merge_type": "merge",
}
PATH = "/apis/metallb.io/v1beta2/namespaces/metallb-system/bgppeers/router"


class Cluster:
    """An API server with one BGPPeer, which a patch changes or not."""

    def __init__(self, after: str | None) -> None:
        """Have this resource version after a patch; None for no object."""
        self.after = after
        self.asked: list[Any] = []

    def get(self, path: str) -> dict[str, Any] | None:
        """Return the kinds of the group, or the object."""
        if path == "/apis/metallb.io/v1beta2":
            kind = {"kind": "BGPPeer", "name": "bgppeers", "namespaced": True}
            return {"resources": [kind]}
        assert path == PATH
        return self.after and {"metadata": {"resourceVersion": "1"}}  # type: ignore[return-value]

    def ask(self, *request: object) -> dict[str, Any] | None:
        """Note a request and return the object."""
        self.asked.append(request)
        return self.after and {"metadata": {"resourceVersion": self.after}}  # type: ignore[return-value]


@pytest.fixture
def plugin(action: Callable[[str], ModuleType]) -> ModuleType:
    """Return the plugin."""
    return action("lab_patch")


@pytest.mark.parametrize(("after", "changed"), [("1", False), ("2", True)])
def test_change(plugin: ModuleType, after: str, changed: bool) -> None:  # noqa: FBT001 - a case
    """Only a patch that changes the object is a change."""
    cluster = Cluster(after)

    assert plugin._patch(cluster, ARGS) is changed
    content = "application/merge-patch+json"
    request = ("PATCH", PATH, ARGS["definition"], content)
    assert cluster.asked == [request]


def test_object_not_found(plugin: ModuleType) -> None:
    """The error names the object."""
    with pytest.raises(KubeError, match="BGPPeer router not found"):
        plugin._patch(Cluster(None), ARGS)


def test_unknown_kind(plugin: ModuleType) -> None:
    """The error names the kind and its API version."""
    with pytest.raises(
        KubeError, match=r"no kind Peer in metallb\.io/v1beta2"
    ):
        plugin._patch(Cluster("1"), ARGS | {"kind": "Peer"})
