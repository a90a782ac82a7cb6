"""Does everything but a lab stand? A quick look that changes nothing."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

from graders.errors import CannotCheck
from graders.kube.client import cluster_client
from graders.providers.docker import docker
from graders.providers.environment import inventory
from graders.providers.hosts import all_ready, describe, query_hosts
from graders.settings import cache_dir

if TYPE_CHECKING:
    from graders.plan.plan import Machine, Plan

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


def status_rows(plan: Plan) -> list[tuple[str, str, str]]:
    """Return role, address and state of each machine and node.

    Raises:
        CannotCheck: docker does not answer.

    """
    if inventory():
        return [
            (
                role,
                " ".join(plan.interfaces(role).values()),
                describe(plan, role, seen),
            )
            for role, seen in query_hosts(plan).items()
        ]
    found = containers(plan)
    return [
        (one.role, *_row(plan, found.get(one.name)))
        for one in (*plan.nodes.values(), *plan.machines.values())
    ]


def _row(plan: Plan, item: dict[str, Any] | None) -> tuple[str, str]:
    if item is None:
        return "", "not there"
    return address(plan, item), item["State"]["Status"]


def is_up(plan: Plan) -> bool:
    """Tell whether all containers run at their addresses and nodes are Ready.

    On hosts, whether all are this lab's. False, rather than an error, when
    docker, a host or the API do not answer.
    """
    tools = [cache_dir() / "bin" / name for name in ("kubectl", "helm")]
    if not all(tool.is_file() for tool in tools):
        return False
    try:
        if inventory():
            return all_ready(plan) and _ready(plan)
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
    with closing(cluster_client(plan)) as cluster:
        nodes = cluster.items("/api/v1/nodes")
    ready = [
        state["status"] == "True"
        for node in nodes
        for state in node["status"]["conditions"]
        if state["type"] == "Ready"
    ]
    return len(ready) == NODES and all(ready)
