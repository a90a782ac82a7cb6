"""Objects put in place as `kubectl apply --server-side` puts them."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import yaml

from graders.kube.additions import has_additions, without_additions
from graders.kube.client import APPLY, KubeError
from graders.kube.names import full_name
from graders.kube.start_state import is_labs
from graders.polling import until_none

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from graders.kube.client import KubeClient, Object

# The same owner of fields as kubectl's: what a student applies later meets
# what a student would have applied.
_OWNER: Final = "fieldManager=kubectl&force=true"
_STEP: Final = 0.1
_INVALID: Final = HTTPStatus.UNPROCESSABLE_ENTITY
# Kinds whose objects are there until all that belongs to them is gone.
_SLOWLY_DELETED: Final = frozenset(
    {"Namespace", "CustomResourceDefinition", "GatewayClass"}
)
# Objects of these groups are replaced, and a lab's namespaces: what others
# have added would stay if they were applied, and what depends on them (a
# Gateway's proxies, all that is in a namespace) would go with them.
_REPLACED: Final = ("gateway.networking.k8s.io/", "gateway.envoyproxy.io/")


def apply(kube: KubeClient, objects: Sequence[Object], seconds: float) -> None:
    """Apply objects in their order; one that is refused is tried again.

    A webhook that has just come refuses at first, and a namespace that is
    going away takes a while.

    Raises:
        KubeError: one was still refused after `seconds`.

    """
    deadline = time.monotonic() + seconds
    kinds: dict[str, dict[str, str]] = {}
    for item in objects:
        while True:
            try:
                _apply(kube, kinds, item)
                break
            except KubeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_STEP * 3)


def create_missing(kube: KubeClient, objects: Sequence[Object]) -> None:
    """Apply those objects that are not there, once.

    Raises:
        KubeError: one was refused; those after it were not tried.

    """
    kinds: dict[str, dict[str, str]] = {}
    for item in objects:
        _apply(kube, kinds, item, if_missing=True)


def _apply(
    kube: KubeClient,
    kinds: dict[str, dict[str, str]],
    item: Object,
    *,
    if_missing: bool = False,
) -> None:
    path, meta = _path(kube, kinds, item), item["metadata"]
    looked = _is_replaced(item) or item["kind"] in _SLOWLY_DELETED
    found = kube.get(path) if if_missing or looked else None
    if if_missing and found:
        return
    # It could be applied, and would be gone a moment later.
    if item["kind"] in _SLOWLY_DELETED and _is_going(found):
        raise KubeError(f"{item['kind'].lower()} {meta['name']} is going away")
    if found and _is_replaced(item):
        _replace(kube, path, item, found)
    elif _merge(kube, path, item) is None:
        space = meta.get("namespace", "default")
        raise KubeError(f"no namespace {space} for {meta['name']}")


def _merge(kube: KubeClient, path: str, item: Object) -> Object | None:
    """Apply an object; delete one that cannot become what is wanted.

    What others have added to a workload is removed.

    Lists are merged by a key: next to a port that a student has added, the
    port of the lab would be the second one of its name.
    """
    try:
        found = kube.ask("PATCH", f"{path}?{_OWNER}", item, APPLY)
    except KubeError as error:
        if error.status == _INVALID and item["kind"] not in _SLOWLY_DELETED:
            kube.delete(path, {"propagationPolicy": "Foreground"})
        raise
    if found and has_additions(found):
        return kube.ask("PUT", path, without_additions(item, found))
    return found


def _is_replaced(item: Object) -> bool:
    if item["kind"] == "Namespace":
        return is_labs(item["metadata"])
    return any(item["apiVersion"].startswith(group) for group in _REPLACED)


def _replace(kube: KubeClient, path: str, item: Object, found: Object) -> None:
    """Write all of an object; what its controller keeps in it stays."""
    kept = {
        key: found["metadata"][key]
        for key in ("finalizers", "resourceVersion")
        if key in found["metadata"]
    }
    spec = {"spec": found["spec"]} if "spec" in found else {}
    meta = {"metadata": item["metadata"] | kept}
    kube.ask("PUT", path, spec | item | meta)


def read_objects(manifest: Path) -> list[Object]:
    """Return the objects of a file of YAML documents.

    Raises:
        OSError, yaml.YAMLError: the file cannot be read.

    """
    with manifest.open(encoding="utf-8") as file:
        return [*filter(None, yaml.load_all(file, yaml.CSafeLoader))]


def namespace(name: str) -> Object:
    """Return a namespace to apply."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name},
    }


def object_path(kube: KubeClient, item: Object) -> str:
    """Return an object's API path, or its kind's if it has no name.

    Raises:
        KubeError: the kind is unknown, or the API server does not answer.

    """
    return _path(kube, {}, item)


def _path(
    kube: KubeClient, kinds: dict[str, dict[str, str]], item: Object
) -> str:
    version, meta = item["apiVersion"], item["metadata"]
    group = f"/apis/{version}" if "/" in version else f"/api/{version}"
    if version not in kinds:
        kinds[version] = _kinds(kube, group)
    try:
        place = kinds[version][item["kind"]]
    except KeyError:
        del kinds[version]  # its CRD may have just been created
        raise KubeError(f"no kind {item['kind']} in {version}") from None
    space = meta.get("namespace", "default")
    path = place.format(group=group, space=space)
    return f"{path}/{meta['name']}" if "name" in meta else path


def _is_going(found: Object | None) -> bool:
    return bool(found and "deletionTimestamp" in found["metadata"])


def _kinds(kube: KubeClient, group: str) -> dict[str, str]:
    """Return where objects of each kind of a group have their place."""
    found = (kube.get(group) or {}).get("resources", [])
    return {
        kind["kind"]: (
            f"{{group}}/namespaces/{{space}}/{kind['name']}"
            if kind["namespaced"]
            else f"{{group}}/{kind['name']}"
        )
        for kind in found
        if "/" not in kind["name"]
    }


def is_deployment_named(item: Object, names: Sequence[str]) -> bool:
    """Tell whether it is a Deployment of one of these names."""
    return item["kind"] == "Deployment" and item["metadata"]["name"] in names


def scaled_to_zero(item: Object) -> Object:
    """Return a Deployment without pods, all else as it is."""
    return item | {"spec": item["spec"] | {"replicas": 0}}


def wait_for_deployments(
    kube: KubeClient, namespaces: Iterable[str], seconds: float
) -> list[str]:
    """Wait until every Deployment is as it is wanted; return what is not."""
    paths = [
        f"/apis/apps/v1/namespaces/{name}/deployments" for name in namespaces
    ]

    def late() -> list[str]:
        return [
            full_name(item)
            for path in paths
            for item in kube.items(path)
            if not rolled_out(item)
        ]

    return until_none(late, seconds, _STEP)


def has_condition(item: Object, name: str) -> bool:
    """Tell whether a condition in an object's status is "True".

    A CRD that was created a moment ago has null for its conditions.
    """
    conditions = item.get("status", {}).get("conditions") or []
    return any(
        (condition["type"], condition["status"]) == (name, "True")
        for condition in conditions
    )


def rolled_out(item: Object) -> bool:
    """Tell whether `kubectl rollout status` would succeed.

    `item` is a Deployment or a DaemonSet.
    """
    status = item.get("status", {})
    seen = (
        status.get("observedGeneration", 0) >= item["metadata"]["generation"]
    )
    wanted = status.get("desiredNumberScheduled")
    counts: tuple[str, ...] = ("updatedNumberScheduled", "numberAvailable")
    if wanted is None:
        wanted = item["spec"].get("replicas", 1)
        counts = ("updatedReplicas", "replicas", "availableReplicas")
    return seen and all(status.get(one, 0) == wanted for one in counts)
