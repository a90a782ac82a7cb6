"""The action `lab_gateway`: what it installs and waits for."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from graders.kube.client import KubeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

FILES = {"manifest": "gateway.yaml", "crds": "crds.json"}


@pytest.fixture
def calls(
    action: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[dict[str, Any], list[str]]]:
    """Return what a task comes to, and the steps that it takes."""

    def run(
        args: dict[str, Any], **results: object
    ) -> tuple[dict[str, Any], list[str]]:
        plugin, steps = action("lab_gateway"), []
        monkeypatch.setattr(plugin, "playbook_client", lambda _: io.StringIO())

        def step(name: str, result: object) -> None:
            def taken(*_: object) -> object:
                steps.append(name)
                if isinstance(result, Exception):
                    raise result
                return result

            monkeypatch.setattr(plugin, name, taken)

        for name in ("install", "wait_controller", "wait_proxies"):
            step(name, results.get(name, []))
        module = plugin.ActionModule.__new__(plugin.ActionModule)
        given = {"manifest": None, "crds": None, "wait": False} | args
        monkeypatch.setattr(
            module, "validate_argument_spec", lambda **_: (None, given)
        )
        return module.run(), steps

    return run


def test_install(calls: Callable[..., Any]) -> None:
    """It waits for nothing, so that other steps can go on."""
    assert calls(FILES) == ({"changed": True}, ["install"])


def test_wait(calls: Callable[..., Any]) -> None:
    """Proxies that are late are no failure; a lab may be broken like that."""
    result, steps = calls({"wait": True}, wait_proxies=["web is late"])

    assert steps == ["wait_controller", "wait_proxies"]
    assert not result["failed"]
    assert not result["changed"]
    assert result["stdout"] == "web is late"


def test_a_controller_that_does_not_come(calls: Callable[..., Any]) -> None:
    """Nothing would come of any Gateway."""
    result, steps = calls({"wait": True}, wait_controller=["not ready"])

    assert steps == ["wait_controller"]
    assert result["failed"]
    assert result["msg"] == "not ready"


@pytest.mark.parametrize("error", [KubeError("refused"), OSError("no file")])
def test_errors(calls: Callable[..., Any], error: Exception) -> None:
    """They are told as the task's failure."""
    result, _ = calls(FILES, install=error)

    assert result["failed"]
    assert result["msg"] == str(error)
