"""The action `kit_apply`: which objects it puts in place, and how."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from graders.kube import KubeError

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


@pytest.fixture
def put(
    action: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[Any]]:
    """Return what comes to the cluster of all objects, and how."""
    plugin = action("kit_apply")
    came: list[Any] = []
    monkeypatch.setattr(plugin, "Kube", lambda _: io.StringIO())
    monkeypatch.setattr(plugin, "await_deployments", lambda *_: [])
    for name in ("apply", "apply_missing"):
        monkeypatch.setattr(
            plugin,
            name,
            lambda _, objects, *__, how=name: came.append((how, [*objects])),
        )

    def call(**more: object) -> list[Any]:
        given = {"missing": [], "wait_in": [], "kubeconfig": "x", **more}
        assert plugin._put(ALL, given) == ("", [])
        return came

    return call


def test_all_of_them(put: Callable[..., list[Any]]) -> None:
    """They are applied in their order."""
    assert put() == [("apply", ALL)]


def test_what_is_missing(put: Callable[..., list[Any]]) -> None:
    """Only of these kinds."""
    came = put(missing=["Namespace", "Deployment"])
    assert came == [("apply_missing", [SPACE, WEB, BILLING])]


def test_what_a_fault_moves(action: Callable[[str], ModuleType]) -> None:
    """It is apart from all else, and without pods."""
    apart = action("kit_apply")._apart
    assert apart(ALL, ["web"]) == ([SPACE, BILLING, SERVICE], [PARKED])
    assert apart(ALL, []) == (ALL, [])


def test_refused(
    action: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is told."""
    plugin = action("kit_apply")

    def refuse(_: object) -> None:
        raise KubeError("no kubeconfig")

    monkeypatch.setattr(plugin, "Kube", refuse)
    given = {"missing": [], "kubeconfig": "x"}
    assert plugin._put(ALL, given) == ("no kubeconfig", [])
