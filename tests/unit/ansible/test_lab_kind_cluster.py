"""The action `lab_kind_cluster`: what it looks for, mends and tells."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from graders.errors import CannotCheck
from graders.kube.client import KubeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

NODES = ["lab-control-plane", "lab-worker"]


class Cluster:
    """A cluster whose worker has no Node object."""

    def __init__(self, nodes: list[str]) -> None:
        """Know its nodes."""
        assert nodes == NODES

    def await_api(self, seconds: int) -> list[str]:
        """Return the nodes that are registered."""
        if seconds == 1:
            raise CannotCheck("the cluster is silent")
        return NODES[:1]

    def register(self, missing: list[str]) -> None:
        """Register nodes."""
        assert missing == NODES[1:]


@pytest.fixture
def plugin(
    action: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    """Return the plugin, with that cluster."""
    module = action("lab_kind_cluster")
    monkeypatch.setattr(module, "KindCluster", Cluster)
    return module


def _mend(plugin: ModuleType) -> dict[str, Any]:
    mended: dict[str, Any] = plugin._mend(
        {"nodes": NODES, "api_timeout": 180}, {}
    )
    return mended


class Api(io.StringIO):
    """A client of an API server that answers."""

    def get(self, _: str) -> dict[str, Any]:
        """Return a namespace."""
        return {}


@pytest.mark.parametrize("reachable", [True, False])
def test_mended(
    plugin: ModuleType, monkeypatch: pytest.MonkeyPatch, *, reachable: bool
) -> None:
    """What was mended is told; whether the kubeconfig leads there, too."""

    def client(_: object) -> Api:
        if reachable:
            return Api()
        raise KubeError("could not read the kubeconfig")

    monkeypatch.setattr(plugin, "playbook_client", client)

    result = _mend(plugin)

    assert result["changed"]
    assert result["reachable"] is reachable
    assert "node lab-worker was not registered" in result["reports"][0]["tell"]


def test_silent(plugin: ModuleType) -> None:
    """A cluster that does not answer is an error for the playbook."""
    with pytest.raises(CannotCheck):
        plugin._mend({"nodes": NODES, "api_timeout": 1}, {})
