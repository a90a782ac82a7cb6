"""Tell quickly whether everything but a lab runs, without changing it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck
from graders.kube.client import cluster_client
from graders.providers.registry import provider
from graders.settings import cache_dir

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graders.plan.plan import Plan
    from graders.providers.base import MachineStatus

_NODES: Final = 3


def is_up(
    plan: Plan, machines: Mapping[str, MachineStatus] | None = None
) -> bool:
    """Tell whether all machines run and all nodes are Ready.

    `machines` is what the provider has just said of them. False, rather than
    an error, when the provider, a machine or the API does not answer.
    """
    tools = [cache_dir() / "bin" / name for name in ("kubectl", "helm")]
    if not all(tool.is_file() for tool in tools):
        return False
    try:
        machines = machines or provider().machines(plan)
        return all(one.running for one in machines.values()) and _ready(plan)
    except CannotCheck:
        return False


def _ready(plan: Plan) -> bool:
    """Tell whether the API server counts three Ready nodes."""
    with closing(cluster_client(plan)) as cluster:
        nodes = cluster.items("/api/v1/nodes")
    ready = [
        state["status"] == "True"
        for node in nodes
        for state in node["status"]["conditions"]
        if state["type"] == "Ready"
    ]
    return len(ready) == _NODES and all(ready)
