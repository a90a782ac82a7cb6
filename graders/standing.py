"""Does everything but a lab stand? A quick look that changes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from graders.dockercli import docker
from graders.errors import CannotCheck
from graders.paths import cache_dir, state_dir

if TYPE_CHECKING:
    from graders.plan import Machine, Plan

NODES = 3


def containers(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return docker's word on the lab's containers, by name; some may lack.

    Raises:
        CannotCheck: docker does not answer.

    """
    names = docker("ps", "--all", "--format", "{{.Names}}").split()
    wanted = [*plan.node_names(), *plan.machine_names()]
    there = [name for name in wanted if name in names]
    found = json.loads(docker("inspect", *there)) if there else []
    return {item["Name"][1:]: item for item in found}


def address(plan: Plan, item: dict[str, Any]) -> str:
    """Return a container's address on the LAN, else on the edge."""
    ends = item["NetworkSettings"]["Networks"]
    end = ends.get(plan.lan_name) or ends.get(plan.edge_name) or {}
    return str(end.get("IPAddress", ""))


def standing(plan: Plan) -> bool:
    """Tell whether all containers run at their addresses and nodes are Ready.

    False, rather than an error, when docker or the API do not answer.
    """
    tools = [cache_dir() / "bin" / name for name in ("kubectl", "helm")]
    if not all(tool.is_file() for tool in tools):
        return False
    try:
        found = containers(plan)
        machines = [*plan.nodes.values(), *plan.machines.values()]
        return all(_is_up(plan, found, one) for one in machines) and _ready(
            plan
        )
    except CannotCheck:
        return False


def _is_up(
    plan: Plan, found: dict[str, dict[str, Any]], machine: Machine
) -> bool:
    """Tell whether one container runs, unpaused, at its own address."""
    item = found.get(machine.name)
    if item is None or item["State"]["Status"] != "running":
        return False
    return address(plan, item) == str(machine.lan or machine.edge)


def _ready(plan: Plan) -> bool:
    """Tell whether the API server counts three Ready nodes."""
    from graders.probes.cluster import Cluster  # noqa: PLC0415 - see ahead

    kubeconfig = state_dir(plan.student) / "kubeconfig"
    nodes = Cluster(kubeconfig, plan.context).items("/api/v1/nodes")
    ready = [
        state["status"] == "True"
        for node in nodes
        for state in node["status"]["conditions"]
        if state["type"] == "Ready"
    ]
    return len(ready) == NODES and all(ready)
