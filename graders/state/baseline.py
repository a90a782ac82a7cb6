"""The start state of a lab, recorded, and what differs from it now.

A reset is verified against this and not against what the playbook believes:
Kubernetes objects, addresses and routes of every machine, fixed neighbour
entries, packet filters, settings of the kernel, the configurations of router
and DHCP server, and the DHCP leases.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, Protocol

from graders.errors import CannotCheck
from graders.providers.registry import machine_of

if TYPE_CHECKING:
    from graders.plan.plan import Plan

Baseline = dict[str, str]

# Namespaces in which nothing belongs to a lab.
_SYSTEM: Final = frozenset(
    {"kube-system", "kube-public", "kube-node-lease", "local-path-storage"}
)
_KINDS: Final = (
    "/api/v1/services",
    "/api/v1/configmaps",
    "/apis/apps/v1/deployments",
    "/apis/apps/v1/daemonsets",
    "/apis/apps/v1/statefulsets",
    "/apis/batch/v1/jobs",
    "/apis/networking.k8s.io/v1/networkpolicies",
    "/apis/metallb.io/v1beta1/ipaddresspools",
    "/apis/metallb.io/v1beta1/l2advertisements",
    "/apis/metallb.io/v1beta1/bgpadvertisements",
    "/apis/metallb.io/v1beta1/communities",
    "/apis/metallb.io/v1beta1/bfdprofiles",
    "/apis/metallb.io/v1beta2/bgppeers",
)
# What the cluster itself fills in, differently each time.
_FILLED_IN: Final = frozenset(
    {"clusterIP", "clusterIPs", "nodePort", "healthCheckNodePort"}
)
_NOTES: Final = (
    "deployment.kubernetes.io/",
    "deprecated.daemonset.",
    "metallb.io/ip-allocated-from-pool",
    "kubectl.kubernetes.io/",
    "meta.helm.sh/",
)
_LOOKS: Final = {
    "addresses": "ip -o -4 address show scope global",
    # Routes learnt by BGP are the speakers' doing and come when they come.
    "routes": "ip -4 -o route show | grep -v 'proto bgp' || true",
    "neighbours": "ip -4 neigh show nud permanent",
    "rules": "iptables -S 2>/dev/null | grep -v KUBE || true",
    "kernel": (
        "sysctl net.ipv4.fib_multipath_hash_policy net.ipv4.conf.all.rp_filter"
        " net.ipv4.conf.eth0.rp_filter 2>/dev/null || true"
    ),
    "configuration": (
        "{ vtysh -c 'show run' || cat /etc/dnsmasq.conf; } 2>/dev/null || true"
    ),
    # Without the time at which a lease ends, and the client's own id.
    "leases": "cut -d' ' -f2-4 /lab/dnsmasq.leases 2>/dev/null || true",
}
_CUT: Final = "=-=-="


class Cluster(Protocol):
    """Who tells the objects of a list by its API path."""

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return them, none where the kind is unknown."""
        ...


def snapshot_cluster(cluster: Cluster) -> Baseline:
    """Return the part that the API server tells; it settles last.

    Raises:
        CannotCheck: the API server does not answer.

    """
    return _objects(cluster) | _nodes(cluster)


def diff(recorded: Baseline, now: Baseline) -> list[str]:
    """Return one line for each place that is not as it was recorded."""
    lines = []
    for place in sorted(recorded.keys() | now.keys()):
        before, after = recorded.get(place), now.get(place)
        if before == after:
            continue
        if before is None:
            lines.append(f"{place}: expected none, not one")
        elif after is None:
            lines.append(f"{place}: expected it to be there, not gone")
        else:
            lines.append(f"{place}: {_first_difference(before, after)}")
    return lines


def _first_difference(before: str, after: str) -> str:
    """Say where two texts part, in one short line."""
    old, new = Counter(before.splitlines()), Counter(after.splitlines())
    gone, come = list(old - new), list(new - old)
    if not gone and not come:
        return "expected its lines as recorded, not in another order"
    gone, come = gone or ["nothing"], come or ["nothing"]
    return f"expected {gone[0].strip()[:80]}, not {come[0].strip()[:80]}"


def snapshot_machines(plan: Plan) -> Baseline:
    """Return the part that the machines and nodes tell.

    Raises:
        CannotCheck: one does not answer.

    """
    roles = (*plan.machines, *plan.nodes)
    with ThreadPoolExecutor(len(roles)) as pool:
        seen = pool.map(lambda role: _look(plan, role), roles)
        return {
            f"{role} {name}": text
            for role, texts in zip(roles, seen, strict=True)
            for name, text in texts.items()
            if _compared(plan, role, name)
        }


def _look(plan: Plan, role: str) -> dict[str, str]:
    """Return what a machine says, without what changes by itself.

    Raises:
        CannotCheck: it does not answer, or stopped while it did.

    """
    # One call for all: what costs time is to get there.
    script = f"; echo {_CUT}; ".join(_LOOKS.values())
    parts = (
        machine_of(plan, role).run("sh", "-c", script).out.split(f"{_CUT}\n")
    )
    if len(parts) != len(_LOOKS):
        raise CannotCheck(
            f"{role} stopped while it was looked at",
            way_out="`lab up` brings the lab's machines back",
        )
    return {
        name: "\n".join(
            sorted(
                _steady(line)
                for line in part.splitlines()
                if "veth" not in line
            )
        )
        for name, part in zip(_LOOKS, parts, strict=True)
    }


def _compared(plan: Plan, role: str, name: str) -> bool:
    """Leave out what comes and goes: the desk's lease, routes to pods."""
    if name == "configuration":
        return role in {"router", "dhcp"}
    if name == "leases":
        return role == "dhcp"
    return not (
        (role == "desk" and name == "addresses")
        or (role in plan.nodes and name == "routes")
    )


def _steady(line: str) -> str:
    """Drop an interface's number and an address's lifetime from a line."""
    return re.sub(r"^\d+: ", "", line).split(" valid_lft")[0].rstrip()


def _objects(cluster: Cluster) -> Baseline:
    found = {}
    for path in _KINDS:
        kind = path.rsplit("/", 1)[1]
        for item in cluster.items(path):
            meta = item["metadata"]
            space = meta["namespace"]
            if space in _SYSTEM or meta["name"] == "kube-root-ca.crt":
                continue
            place = f"{kind} {space}/{meta['name']}"
            found[place] = json.dumps(_kept(item), indent=0, sort_keys=True)
    spaces = [
        space["metadata"]["name"]
        for space in cluster.items("/api/v1/namespaces")
        if space["status"]["phase"] == "Active"
    ]
    return found | {f"namespace {name}": "" for name in spaces}


def _kept(item: dict[str, Any]) -> dict[str, Any]:
    """Return the part of an object that a student or a lab decides."""
    meta = item["metadata"]
    notes = {
        key: value
        for key, value in meta.get("annotations", {}).items()
        if not key.startswith(_NOTES)
    }
    status = item.get("status", {})
    return {
        "annotations": notes,
        "labels": meta.get("labels", {}),
        "spec": _without(item.get("spec", item.get("data", {}))),
        "vip": status.get("loadBalancer", {}).get("ingress"),
        "ready": status.get("readyReplicas", status.get("numberReady")),
    }


def _without(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Drop, at any depth, what the cluster fills in.

    `kubectl rollout restart` notes the time in a pod template: it is no
    other workload for that.
    """
    if isinstance(value, dict):
        kept = {
            key: _without(inner)
            for key, inner in value.items()
            if key not in _FILLED_IN and not key.startswith(_NOTES)
        }
        return {
            key: inner
            for key, inner in kept.items()
            if key != "annotations" or inner
        }
    if isinstance(value, list):
        return [_without(inner) for inner in value]
    return value


def _nodes(cluster: Cluster) -> Baseline:
    found = {}
    for node in cluster.items("/api/v1/nodes"):
        kept = {
            "labels": node["metadata"]["labels"],
            "taints": node["spec"].get("taints", []),
            "unschedulable": node["spec"].get("unschedulable", False),
        }
        name = node["metadata"]["name"]
        found[f"node {name}"] = json.dumps(kept, indent=0, sort_keys=True)
    return found
