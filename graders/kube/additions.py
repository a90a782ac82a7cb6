"""Fields that others have added to objects; applying leaves them there.

A toleration, an affinity, a variable or a container of a student, and what a
webhook is to leave out, would otherwise be part of the next lab's start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from graders.kube.client import Object

_WEBHOOKS: Final = "ValidatingWebhookConfiguration"
# Where the fields are that a person may have added, by kind.
_CONTENT: Final = {
    "Deployment": "f:spec",
    "DaemonSet": "f:spec",
    _WEBHOOKS: "f:webhooks",
}
# The kit applies, and MetalLB writes its certificate into its webhooks.
_EXPECTED: Final = frozenset({("kubectl", "Apply"), ("MetalLB", "Update")})
# Controllers keep these; without them a workload would be rolled out again.
_OF_CONTROLLERS: Final = (
    "deployment.kubernetes.io/",
    "deprecated.daemonset.template.generation",
)
_OF_ROLLOUTS: Final = "kubectl.kubernetes.io/"


def has_additions(found: Object) -> bool:
    """Tell whether a person has written into a workload or into webhooks.

    `found` is the answer to applying it, with its managers.
    """
    content = _CONTENT.get(found.get("kind", ""))
    return content is not None and any(
        (entry.get("manager"), entry.get("operation")) not in _EXPECTED
        and content in (entry.get("fieldsV1") or {})
        for entry in found["metadata"].get("managedFields") or []
    )


def without_additions(item: Object, found: Object) -> Object:
    """Return an object as it is wanted, to replace the one that was found."""
    if item["kind"] == _WEBHOOKS:
        return _webhooks(item, found)
    return _workload(item, found)


def _webhooks(item: Object, found: Object) -> Object:
    """Return webhooks with the certificates that they have."""
    now = {one["name"]: one["clientConfig"] for one in found["webhooks"]}
    version = found["metadata"]["resourceVersion"]
    return item | {
        "metadata": item["metadata"] | {"resourceVersion": version},
        "webhooks": [
            one
            | {"clientConfig": now.get(one["name"], {}) | one["clientConfig"]}
            for one in item["webhooks"]
        ],
    }


def _workload(item: Object, found: Object) -> Object:
    """Return a workload with the time of a restart that was asked for.

    It would be rolled out again without.
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
