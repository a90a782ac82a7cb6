"""The action `lab_objects`: which objects it creates or deletes, and how."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


def _object(kind: str, name: str, **spec: object) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name}, "spec": spec}


SPACE = _object("Namespace", "lab-4")
WEB = _object("Deployment", "web", replicas=1)
BILLING = _object("Deployment", "billing", replicas=1)
SERVICE = _object("Service", "web")
ALL = [SPACE, WEB, BILLING, SERVICE]
PARKED = _object("Deployment", "web", replicas=0)
ARGS: dict[str, Any] = {
    "create_only": [],
    "scaled_to_zero": [],
    "wait": None,
    "wait_timeout": 1,
    "label_selectors": [],
    "field_selectors": [],
    "delete_options": {},
}


@pytest.fixture
def plugin(action: Callable[[str], ModuleType]) -> ModuleType:
    """Return the plugin."""
    return action("lab_objects")


@pytest.fixture
def put(
    plugin: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[Any]]:
    """Return how all objects come to the cluster, and what is waited for."""
    calls: list[Any] = []

    def wait(_: object, namespaces: list[str], __: float) -> list[str]:
        calls.append(("wait", namespaces))
        return ["lab-4/web"]

    monkeypatch.setattr(plugin, "wait_for_deployments", wait)
    for name in ("apply", "create_missing"):
        monkeypatch.setattr(
            plugin,
            name,
            lambda _, objects, *__, how=name: calls.append((how, [*objects])),
        )

    def call(**more: object) -> list[Any]:
        result = plugin._apply(io.StringIO(), ALL, ARGS | more)
        assert not result.get("failed")
        assert result["stdout"] == ("lab-4/web" if "wait" in more else "")
        return calls

    return call


def test_all_of_them(put: Callable[..., list[Any]]) -> None:
    """They are applied in their order, and nothing is waited for."""
    assert put() == [("apply", ALL)]


def test_wait(put: Callable[..., list[Any]]) -> None:
    """A Deployment that is late is reported and is no failure."""
    assert put(wait=True) == [("apply", ALL), ("wait", ["lab-4"])]


def test_create_only(put: Callable[..., list[Any]]) -> None:
    """Only missing objects of these kinds are created."""
    came = put(create_only=["Namespace", "Deployment"])
    assert came == [("create_missing", [SPACE, WEB, BILLING])]


def test_scaled_to_zero(
    plugin: ModuleType, put: Callable[..., list[Any]]
) -> None:
    """These Deployments have no pods, and are returned apart."""
    split = plugin._split(ALL, ARGS | {"scaled_to_zero": ["web"]})
    assert split["objects"] == [SPACE, BILLING, SERVICE]
    assert (split["parked"], split["namespaces"]) == ([PARKED], ["lab-4"])
    assert plugin._split(ALL, ARGS)["objects"] == ALL
    came = put(scaled_to_zero=["web"])
    assert came == [("apply", [SPACE, BILLING, SERVICE, PARKED])]


@pytest.mark.parametrize(
    "definition", [SPACE, [SPACE], str(SPACE), f"---\n{SPACE}\n---\n"]
)
def test_definition(plugin: ModuleType, definition: object) -> None:
    """It is an object, a list of them, or YAML."""
    assert plugin._objects(definition) == [SPACE]


@pytest.mark.parametrize("definition", [None, "", "---\n", []])
def test_no_objects(plugin: ModuleType, definition: object) -> None:
    """A lab may have no objects; Ansible makes None of empty text."""
    assert plugin._objects(definition) == []


class Cluster:
    """A cluster with a few objects, which notes deletions."""

    def __init__(self, *paths: str) -> None:
        """Have objects at these paths."""
        self.paths = [*paths]
        self.deleted: list[Any] = []

    def get(self, path: str) -> dict[str, Any] | None:
        """Return an object, or the kinds of v1."""
        if path == "/api/v1":
            kind = {"kind": "Pod", "name": "pods", "namespaced": True}
            return {"resources": [kind]}
        return {"kind": "Pod"} if path in self.paths else None

    def delete(
        self, path: str, options: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Delete an object, or a list of them."""
        self.deleted.append((path, options))
        place = path.partition("?")[0]
        found = [one for one in self.paths if one.startswith(place)]
        self.paths = [one for one in self.paths if one not in found]
        return {"items": found} if "?" in path else {} if found else None


PODS = "/api/v1/namespaces/lab-1/pods"
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "lab-1"}}


@pytest.mark.parametrize("present", [True, False])
def test_delete(plugin: ModuleType, present: bool) -> None:  # noqa: FBT001 - a case
    """A named object is gone afterwards, and was changed if it existed."""
    cluster = Cluster(*[f"{PODS}/web"] * present)
    web = POD | {"metadata": {"namespace": "lab-1", "name": "web"}}

    result = plugin._delete(cluster, [web], ARGS)

    assert cluster.deleted == [(f"{PODS}/web", {})]
    assert (result["changed"], result["failed"]) == (present, False)


@pytest.mark.parametrize("present", [True, False])
def test_delete_selected(plugin: ModuleType, present: bool) -> None:  # noqa: FBT001 - a case
    """Selectors and options go to the API server as they are."""
    cluster = Cluster(*[f"{PODS}/web"] * present)
    now = {"gracePeriodSeconds": 0}
    selected = {
        "label_selectors": ["app=web"],
        "field_selectors": ["a.b=c", "d=e"],
        "delete_options": now,
    }

    result = plugin._delete(cluster, [POD], ARGS | selected)

    query = "labelSelector=app%3Dweb&fieldSelector=a.b%3Dc%2Cd%3De"
    assert cluster.deleted == [(f"{PODS}?{query}", now)]
    assert result["changed"] == present


def test_not_deleted_in_time(
    plugin: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task fails and names the object."""
    cluster = Cluster(f"{PODS}/web")
    monkeypatch.setattr(cluster, "delete", lambda *_: {})
    web = POD | {"metadata": {"namespace": "lab-1", "name": "web"}}

    result = plugin._delete(cluster, [web], ARGS | {"wait_timeout": 0})

    assert result["failed"]
    assert result["msg"] == f"{PODS}/web is not deleted yet"
