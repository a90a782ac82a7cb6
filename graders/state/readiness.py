"""Tell quickly whether everything but a lab runs, without changing it."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from graders.errors import CannotCheck
from graders.kube.client import cluster_client
from graders.providers.registry import provider
from graders.settings import cache_dir

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graders.plan.plan import Plan
    from graders.providers.base import MachineStatus

# Both docker and Kubernetes write times as 2026-11-29T23:31:26 and so on.
_TO_SECONDS: Final = "%Y-%m-%dT%H:%M:%S"
_LENGTH: Final = 19


def is_up(
    plan: Plan, machines: Mapping[str, MachineStatus] | None = None
) -> bool:
    """Tell whether all machines run and all nodes are Ready.

    `machines` is what the provider has just said of them. False, rather than
    an error, when the provider, a machine or the API does not answer, or the
    kubeconfig does not lead to the cluster.
    """
    tools = [cache_dir() / "bin" / name for name in ("kubectl", "helm")]
    if not all(tool.is_file() for tool in tools):
        return False
    try:
        machines = machines or provider().machines(plan)
        if not all(one.running for one in machines.values()):
            return False
        with closing(cluster_client(plan)) as cluster:
            nodes = cluster.items("/api/v1/nodes")
    except CannotCheck:
        return False
    by_name = {node["metadata"]["name"]: node for node in nodes}
    return by_name.keys() == {*plan.node_names()} and all(
        _is_ready(by_name[node.name], str(node.lan), machines[role].started)
        for role, node in plan.nodes.items()
    )


def _is_ready(node: dict[str, Any], address: str, started: str) -> bool:
    """Tell whether a node is Ready, has its address, and said so itself.

    After a restart the API server repeats for most of a minute what the node
    reported before, and its pods do not run yet.
    """
    status = node["status"]
    addresses = [it["address"] for it in status.get("addresses") or []]
    ready = [it for it in status["conditions"] if it["type"] == "Ready"]
    return (
        address in addresses
        and [it["status"] for it in ready] == ["True"]
        and not _is_before(ready[0].get("lastHeartbeatTime") or "", started)
    )


def _is_before(reported: str, started: str) -> bool:
    """Tell whether a report is older than a start, if both are known.

    A start in the future is not: the clock has been set back since.
    """
    now = time.strftime(_TO_SECONDS, time.gmtime())
    times = [it[:_LENGTH] for it in (reported, started)]
    return all(times) and times[0] < times[1] <= now
