"""The recorded start state of a lab, and what differs from it.

A reset is verified by it and not by what the playbook reports: settings of
every machine (see `graders.state.start_state`) and objects of every kind (see
`graders.kube.start_state`).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from graders.errors import CannotCheck
from graders.kube.apply import rolled_out
from graders.kube.discovery import Kind, Reader, discover
from graders.kube.names import (
    GATEWAY_NAMESPACE,
    METALLB_NAMESPACE,
    full_name,
)
from graders.kube.restore import is_restorable, recordable
from graders.kube.start_state import (
    METADATA_KINDS,
    NODE_ANNOTATIONS,
    SYSTEM_NAMESPACES,
    VOLATILE_KINDS,
    is_volatile,
)
from graders.providers.machine import run_each
from graders.providers.registry import machine_of
from graders.state.start_state import READINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.plan.plan import Plan
    from graders.state.start_state import Reading

# Texts by machine and by what they are of; the cluster's machine is "".
Baseline = dict[str, dict[str, str]]
# Whole objects by the same names, to restore them.
Objects = dict[str, dict[str, Any]]

CLUSTER: Final = ""
_ABBREVIATED: Final = 80
_OWN_KEYS: Final = frozenset({METALLB_NAMESPACE, GATEWAY_NAMESPACE})
# Kinds without namespace that students change.
_READABLE: Final = frozenset({"namespaces", "nodes"})
# Fields that the cluster fills in, differently each time.
_DEFAULTED: Final = frozenset(
    {
        *("clusterIP", "clusterIPs", "nodePort", "healthCheckNodePort"),
        *("caBundle", "creationTimestamp", "uid"),
        *("controller-uid", "batch.kubernetes.io/controller-uid"),
    }
)
_ANNOTATIONS: Final = (
    "deployment.kubernetes.io/",
    "deprecated.daemonset.",
    "metallb.io/ip-allocated-from-pool",
    "kubectl.kubernetes.io/",
    "meta.helm.sh/",
    *NODE_ANNOTATIONS,
)
_THREADS: Final = 8


@dataclass(frozen=True)
class Difference:
    """A place that is not as it was recorded; None where nothing is."""

    machine: str
    what: str
    expected: str | None
    actual: str | None

    def __str__(self) -> str:
        """Return one line for a person."""
        place = f"{self.machine} {self.what}".lstrip()
        if self.expected is None:
            return f"unexpected {place}"
        if self.actual is None:
            return f"missing {place}"
        return f"{place}: {_first_difference(self.expected, self.actual)}"


def diff(recorded: Baseline, now: Baseline) -> list[Difference]:
    """Return a difference for each place that is not as it was recorded."""
    return [
        Difference(machine, what, before.get(what), after.get(what))
        for machine in sorted(recorded.keys() | now.keys())
        for before in (recorded.get(machine, {}),)
        for after in (now.get(machine, {}),)
        for what in sorted(before.keys() | after.keys())
        if before.get(what) != after.get(what)
    ]


def _first_difference(before: str, after: str) -> str:
    """Say where two texts differ first, in one short line."""
    old, new = Counter(before.splitlines()), Counter(after.splitlines())
    gone, added = list(old - new), list(new - old)
    if not gone and not added:
        return "expected its lines as recorded, not in another order"
    expected, actual = (
        (lines or ["nothing"])[0].strip()[:_ABBREVIATED]
        for lines in (gone, added)
    )
    return f"expected {expected}, not {actual}"


def snapshot_machines(plan: Plan) -> Baseline:
    """Return the settings of machines and nodes.

    Raises:
        CannotCheck: one does not answer.

    """
    roles = (*plan.machines, *plan.nodes)
    with ThreadPoolExecutor(len(roles)) as pool:
        settings = pool.map(lambda role: read_settings(plan, role), roles)
        return dict(zip(roles, settings, strict=True))


def only_recorded(settings: Baseline, recorded: Baseline) -> Baseline:
    """Return the settings that were recorded, whatever they are now.

    An earlier version of the kit read fewer of them.
    """
    return {
        role: {
            what: text
            for what, text in found.items()
            if what in recorded.get(role, {})
        }
        for role, found in settings.items()
    }


def read_settings(
    plan: Plan, role: str, readings: Sequence[Reading] = READINGS
) -> dict[str, str]:
    """Return a machine's settings, without what changes by itself.

    Raises:
        CannotCheck: it does not answer, or stopped in between.

    """
    commands = [row.command for row in readings]
    parts = run_each(machine_of(plan, role), commands)
    return {
        row.name: "\n".join(sorted(row.normalise(part.splitlines())))
        for row, part in zip(readings, parts, strict=True)
        if row.applies_to(role)
    }


def damaged_machines(plan: Plan, recorded: Baseline) -> set[str]:
    """Return the machines and nodes with other programs than recorded.

    One that has lost its shell cannot be reset in place.
    """
    readings = [row for row in READINGS if row.name == "programs"]

    def is_damaged(role: str) -> bool:
        try:
            found = read_settings(plan, role, readings)
        except CannotCheck:
            return True
        before = recorded[role]
        return any(before.get(name, it) != it for name, it in found.items())

    roles = recorded.keys() - {CLUSTER}
    with ThreadPoolExecutor() as pool:
        answers = pool.map(is_damaged, roles)
        return {role for role, it in zip(roles, answers, strict=True) if it}


def snapshot_cluster(cluster: Reader) -> Baseline:
    """Return the objects of all kinds, as far as people decide on them.

    Raises:
        CannotCheck: the API server does not answer.

    """
    found = list_objects(cluster)
    return {CLUSTER: {place: object_text(*it) for place, it in found.items()}}


def record_cluster(cluster: Reader) -> tuple[Baseline, Objects]:
    """Return the same, and the objects that can be restored.

    Raises:
        CannotCheck: the API server does not answer.

    """
    found = list_objects(cluster)
    return (
        {CLUSTER: {place: object_text(*it) for place, it in found.items()}},
        {
            place: recordable(item)
            for place, (kind, item) in found.items()
            if is_restorable(kind.name)
        },
    )


def workloads_are_ready(cluster: Reader) -> bool:
    """Tell whether workloads outside system namespaces have all their pods.

    Raises:
        CannotCheck: the API server does not answer.

    """
    return all(
        rolled_out(item)
        for kinds in ("deployments", "daemonsets")
        for item in cluster.items(f"/apis/apps/v1/{kinds}")
        if item["metadata"]["namespace"] not in SYSTEM_NAMESPACES
    )


def list_objects(cluster: Reader) -> dict[str, tuple[Kind, dict[str, Any]]]:
    """Return all objects that do not change by themselves."""
    kinds = [
        kind for kind in discover(cluster) if kind.name not in VOLATILE_KINDS
    ]
    with ThreadPoolExecutor(_THREADS) as pool:
        found = pool.map(lambda kind: _list(cluster, kind), kinds)
        lists = dict(zip(kinds, found, strict=True))
    active = {
        item["metadata"]["name"]
        for kind, items in lists.items()
        if kind.name == "namespaces"
        for item in items
        if item["status"]["phase"] == "Active"
    }
    return {
        f"{kind.name} {full_name(item)}": (kind, item)
        for kind, items in lists.items()
        for item in items
        if _is_steady(kind, item["metadata"], active)
    }


def _is_steady(kind: Kind, meta: dict[str, Any], active: set[str]) -> bool:
    """Tell whether an object is neither volatile nor about to go."""
    namespace = meta.get("namespace", "")
    if kind.name == "namespaces":
        namespace = meta["name"]
    return not is_volatile(kind.name, meta) and (
        not namespace or namespace in active
    )


def _list(cluster: Reader, kind: Kind) -> list[dict[str, Any]]:
    if kind.name in METADATA_KINDS:
        return [{"metadata": meta} for meta in cluster.metadata(kind.path)]
    return cluster.items(kind.path)


def object_text(kind: Kind, item: dict[str, Any]) -> str:
    """Return an object's text, or its digest if it is secret or the cluster's.

    The cluster has hundreds of its own, and every grade reads the record.
    """
    text = json.dumps(_user_fields(kind, item), indent=0, sort_keys=True)
    namespace = item["metadata"].get("namespace", "")
    of_labs = kind.namespaced and namespace not in SYSTEM_NAMESPACES
    if kind.name != "secrets" and (of_labs or kind.name in _READABLE):
        return text
    return hashlib.sha256(text.encode()).hexdigest()


def _user_fields(kind: Kind, item: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an object that a student or a lab decides on."""
    meta = item["metadata"]
    namespace, status = meta.get("namespace", ""), item.get("status", {})
    fields = {
        key: strip_defaults(value)
        for key, value in item.items()
        if key not in {"apiVersion", "kind", "metadata", "status"}
    }
    if kind.name == "nodes":
        spec = item["spec"]
        fields["spec"] = {
            "taints": spec.get("taints", []),
            "unschedulable": spec.get("unschedulable", False),
        }
    if kind.name == "secrets" and namespace in _OWN_KEYS:
        # Keys and certificates are new in each installation.
        fields["data"] = sorted(fields.get("data", {}))
    # The cluster's own pods may start later than the first lab.
    if kind.name.endswith(".apps") and namespace not in SYSTEM_NAMESPACES:
        fields["ready"] = status.get(
            "readyReplicas", status.get("numberReady")
        )
    if kind.name == "services":
        fields["vip"] = status.get("loadBalancer", {}).get("ingress")
    fields["labels"] = meta.get("labels") or {}
    fields["annotations"] = _kept_annotations(meta.get("annotations") or {})
    return fields


def _kept_annotations(annotations: dict[str, str]) -> dict[str, str]:
    return {
        key: value
        for key, value in annotations.items()
        if not key.startswith(_ANNOTATIONS)
    }


def strip_defaults(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Drop, at any depth, fields that the cluster fills in.

    `kubectl rollout restart` notes the time in a pod template, which makes
    no other workload of it.
    """
    if isinstance(value, list):
        return [strip_defaults(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    fields = {
        key: strip_defaults(inner)
        for key, inner in value.items()
        if key not in _DEFAULTED and not key.startswith(_ANNOTATIONS)
    }
    if fields.get("annotations") == {}:
        del fields["annotations"]
    return fields
