"""Find changes of the cluster since the recorded start of a lab."""

from __future__ import annotations

import json
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

from graders.classroom.submission import ObjectChanges, ObjectRef
from graders.kube.discovery import discover
from graders.kube.names import METALLB_NAMESPACE
from graders.kube.restore import recordable
from graders.kube.start_state import METADATA_KINDS
from graders.state.baseline import (
    CLUSTER,
    diff,
    list_objects,
    object_text,
    strip_defaults,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.kube.discovery import Kind, Reader
    from graders.state.baseline import Baseline, Objects

    Found = dict[str, tuple[Kind, dict[str, Any]]]

_SECRETS: Final = "secrets"
_NODES: Final = "nodes"
# Secrets that the cluster, Helm or MetalLB write themselves: keys of one
# installation, of no use in another.
_OWN_SECRETS: Final = frozenset(
    {"metallb-memberlist", "memberlist", "metallb-webhook-cert"}
)
_OWN_TYPES: Final = frozenset(
    {
        "helm.sh/release.v1",
        "kubernetes.io/service-account-token",
        "bootstrap.kubernetes.io/token",
    }
)
# Their certificates are those of one cluster, and MetalLB's manager writes
# them; only new ones are a student's.
_WITH_CERTIFICATE: Final = (
    "customresourcedefinitions.apiextensions.k8s.io",
    "mutatingwebhookconfigurations.admissionregistration.k8s.io",
    "validatingwebhookconfigurations.admissionregistration.k8s.io",
    "apiservices.apiregistration.k8s.io",
)
# Fields of a text that follow from others, later.
_RESULTS: Final = frozenset({"ready", "vip"})
# What others need comes first.
_ORDER: Final = (
    "namespaces",
    "customresourcedefinitions.apiextensions.k8s.io",
    "serviceaccounts",
    _SECRETS,
    "configmaps",
)
_KUBECTL: Final = "kubectl --kubeconfig /etc/kubernetes/admin.conf"


def object_changes(
    cluster: Reader, recorded: Baseline, objects: Objects
) -> tuple[ObjectChanges, list[str]]:
    """Return what to apply and delete, and commands for changed nodes.

    `objects` are those of the start state as they were recorded. Nodes cannot
    be replaced; the commands are for the control plane.

    Raises:
        CannotCheck: the API server does not answer.

    """
    found = list_objects(cluster)
    texts = {place: object_text(*it) for place, it in found.items()}
    before = recorded.get(CLUSTER, {})
    places = [
        one.what
        for one in diff({CLUSTER: before}, {CLUSTER: texts})
        if not _same(one.expected, one.actual)
    ]
    places += [
        place
        for place, (_, item) in found.items()
        if place.startswith(f"{_SECRETS} {METALLB_NAMESPACE}/")
        and place in objects
        and place not in places
        and item.get("data") != objects[place].get("data")
    ]
    kinds = {kind.name: kind for kind in discover(cluster)}
    changes = ObjectChanges(
        apply=[*_applied(found, sorted(places, key=_rank), before)],
        delete=[
            _reference(kinds[place.partition(" ")[0]], place)
            for place in places
            if place not in found and _is_deletable(place, kinds, objects)
        ],
    )
    nodes = [one for one in places if one.startswith(f"{_NODES} ")]
    commands = [
        command
        for place in nodes
        if place in before and place in texts
        for command in _node(place, before[place], texts[place])
    ]
    return changes, commands


def _same(expected: str | None, actual: str | None) -> bool:
    """Tell whether only results of other changes differ."""
    if expected is None or actual is None:
        return False
    try:
        parts = [json.loads(text) for text in (expected, actual)]
    except ValueError:
        return False  # digests
    before, after = (
        {key: it for key, it in part.items() if key not in _RESULTS}
        for part in parts
    )
    return bool(before == after)


def _rank(place: str) -> tuple[int, str]:
    kind = place.partition(" ")[0]
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER), place)


def _applied(
    found: Found, places: list[str], before: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield the documents of objects that are new or were changed."""
    for place in places:
        if place not in found:
            continue
        kind, item = found[place]
        if kind.name in METADATA_KINDS or kind.name == _NODES:
            continue
        if kind.name in _WITH_CERTIFICATE and place in before:
            continue
        if kind.name == _SECRETS and _is_own(place, item):
            continue
        yield _document(kind, item)


def _is_own(place: str, item: dict[str, Any]) -> bool:
    return (
        place.rpartition("/")[2] in _OWN_SECRETS
        or item.get("type") in _OWN_TYPES
    )


def _is_deletable(
    place: str, kinds: dict[str, Kind], objects: Objects
) -> bool:
    """Tell whether it is a student's to delete, and can be named."""
    kind = place.partition(" ")[0]
    if kind not in kinds or kind in {*METADATA_KINDS, _NODES}:
        return False
    return kind != _SECRETS or not _is_own(place, objects.get(place, {}))


def _document(kind: Kind, item: dict[str, Any]) -> dict[str, Any]:
    """Return an object without what its cluster has written."""
    document = strip_defaults(recordable(item))
    meta = document["metadata"]
    # What does not exist elsewhere would have it removed.
    meta.pop("ownerReferences", None)
    spec = document.get("spec")
    if isinstance(spec, dict) and item["spec"].get("clusterIP") == "None":
        spec["clusterIP"] = "None"
    return {"apiVersion": kind.api_version, "kind": kind.title, **document}


def _reference(kind: Kind, place: str) -> ObjectRef:
    namespace, _, name = place.partition(" ")[2].rpartition("/")
    return ObjectRef(
        apiVersion=kind.api_version,
        kind=kind.title,
        namespace=namespace,
        name=name,
    )


def _node(place: str, before: str, after: str) -> Iterator[str]:
    """Yield kubectl's commands for labels, annotations, taints and cordon."""
    name = place.partition(" ")[2]
    old, new = json.loads(before), json.loads(after)
    for verb, field in (("label", "labels"), ("annotate", "annotations")):
        words = _words(old[field], new[field])
        if words:
            yield f"{_KUBECTL} {verb} node {name} --overwrite {words}"
    taints = [
        {
            f"{one['key']}:{one['effect']}": one.get("value", "")
            for one in spec["taints"]
        }
        for spec in (old["spec"], new["spec"])
    ]
    for taint in sorted(taints[0].keys() - taints[1].keys()):
        yield f"{_KUBECTL} taint node {name} {taint}-"
    for taint, value in sorted(taints[1].items() - taints[0].items()):
        key, _, effect = taint.rpartition(":")
        wanted = quote(f"{key}={value}:{effect}")
        yield f"{_KUBECTL} taint node {name} --overwrite {wanted}"
    if old["spec"]["unschedulable"] != new["spec"]["unschedulable"]:
        verb = "cordon" if new["spec"]["unschedulable"] else "uncordon"
        yield f"{_KUBECTL} {verb} {name}"


def _words(old: dict[str, str], new: dict[str, str]) -> str:
    """Return what `kubectl label` has to be told."""
    gone = [quote(f"{key}-") for key in sorted(old.keys() - new.keys())]
    changed = sorted(new.items() - old.items())
    return " ".join([*gone, *(quote(f"{k}={v}") for k, v in changed)])
