"""What others have added to a workload, which applying it leaves there.

A toleration, an affinity, a variable or a container of a student would
otherwise be part of the next lab's start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from graders.kube.client import Object

_WORKLOADS: Final = frozenset({"Deployment", "DaemonSet"})
_APPLIED: Final = ("kubectl", "Apply")
# Controllers keep these; without them a workload would be rolled out again.
_OF_CONTROLLERS: Final = (
    "deployment.kubernetes.io/",
    "deprecated.daemonset.template.generation",
)
_OF_ROLLOUTS: Final = "kubectl.kubernetes.io/"


def has_additions(found: Object) -> bool:
    """Tell whether others than the kit have written a workload's spec.

    `found` is the answer to applying it, with its managers.
    """
    return found.get("kind") in _WORKLOADS and any(
        (entry.get("manager"), entry.get("operation")) != _APPLIED
        and "f:spec" in (entry.get("fieldsV1") or {})
        for entry in found["metadata"].get("managedFields") or []
    )


def without_additions(item: Object, found: Object) -> Object:
    """Return a workload as it is wanted, to replace the one that was found.

    A restart that was asked for is no addition: its time stays in the
    template, or the workload would be rolled out again.
    """
    meta, now = item["metadata"], found["metadata"]
    template = item["spec"]["template"]
    kept = _annotations(found["spec"]["template"], _OF_ROLLOUTS)
    if kept:
        own = template.get("metadata") or {}
        notes = (own.get("annotations") or {}) | kept
        template = template | {"metadata": own | {"annotations": notes}}
    notes = (meta.get("annotations") or {}) | _annotations(
        found, *_OF_CONTROLLERS
    )
    return item | {
        "metadata": meta
        | {"annotations": notes, "resourceVersion": now["resourceVersion"]},
        "spec": item["spec"] | {"template": template},
    }


def _annotations(item: Object, *beginnings: str) -> dict[str, str]:
    found = (item.get("metadata") or {}).get("annotations") or {}
    return {key: it for key, it in found.items() if key.startswith(beginnings)}
