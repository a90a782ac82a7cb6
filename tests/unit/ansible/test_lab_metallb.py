"""The action `lab_metallb`: what it installs, waits for and records."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from graders.kube.client import KubeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

INSTALLED = "r\ncontroller 1"
BEGUN = "r\nbegun this"


@pytest.fixture
def calls(plugin: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return which steps were taken, with a MetalLB that answers."""
    steps: list[str] = []

    def step(name: str, result: object) -> None:
        def taken(*_: object) -> object:
            steps.append(name)
            return result

        monkeypatch.setattr(plugin, name, taken)

    monkeypatch.setattr(plugin, "webhook_error", lambda _: "")
    for name, result in (
        ("install", False),
        ("repair", True),
        ("wait_ready", []),
        ("uninstall", True),
        ("wait_uninstalled", []),
    ):
        step(name, result)
    return steps


@pytest.fixture
def plugin(
    action: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    """Return the plugin, with a cluster whose fingerprint is one line."""
    module = action("lab_metallb")
    monkeypatch.setattr(module, "fingerprint", lambda _: ["controller 1"])
    return module


@pytest.fixture
def args(tmp_path: Path) -> dict[str, Any]:
    """Return the arguments of a task that waits."""
    return {
        "wait": True,
        "api_timeout": 0,
        "manifest": "metallb.yaml",
        "recipe": "r",
        "fingerprint_file": str(tmp_path / "seen"),
        "run_id": "this",
    }


def _install(
    plugin: ModuleType, args: dict[str, Any], recorded: str
) -> tuple[tuple[bool, list[str]], str]:
    """Return what an installation comes to, and what is recorded then."""
    with open(args["fingerprint_file"], "w", encoding="utf-8") as file:  # noqa: PTH123 - a string
        file.write(recorded)
    result = plugin._install(io.StringIO(), args)
    with open(args["fingerprint_file"], encoding="utf-8") as file:  # noqa: PTH123 - as above
        return result, file.read()


def test_unchanged(
    plugin: ModuleType, calls: list[str], args: dict[str, Any]
) -> None:
    """It is not touched, and not waited for."""
    result = _install(plugin, args, INSTALLED)
    assert result == ((False, []), INSTALLED)
    assert calls == []


@pytest.mark.parametrize(
    ("recorded", "answers"),
    [
        (INSTALLED, False),
        ("r\ncontroller 2", True),
        ("other\ncontroller 1", True),
        ("r\nbegun before", True),
        ("", True),
    ],
)
def test_changed(  # noqa: PLR0913, PLR0917 - fixtures, and a case's parts
    plugin: ModuleType,
    calls: list[str],
    args: dict[str, Any],
    recorded: str,
    answers: bool,  # noqa: FBT001 - a parameter of the case
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is repaired and waited for, and its fingerprint is recorded."""
    error = "" if answers else "x"
    monkeypatch.setattr(plugin, "webhook_error", lambda _: error)
    result = _install(plugin, args, recorded)
    assert result == ((True, []), INSTALLED)
    assert calls == ["install", "repair", "wait_ready"]


def test_begun_by_this_command(
    plugin: ModuleType, calls: list[str], args: dict[str, Any]
) -> None:
    """It is only waited for."""
    assert _install(plugin, args, BEGUN) == ((False, []), INSTALLED)
    assert calls == ["wait_ready"]


@pytest.mark.parametrize("recorded", [BEGUN, "r\ncontroller 2"])
def test_late(  # noqa: PLR0913, PLR0917 - fixtures, and a case's parts
    plugin: ModuleType,
    calls: list[str],
    args: dict[str, Any],
    recorded: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half of it must be installed again by the next command."""
    assert calls == []
    monkeypatch.setattr(plugin, "wait_ready", lambda *_: ["no webhook"])
    (_, late), recorded_now = _install(plugin, args, recorded)
    assert (late, recorded_now) == (["no webhook"], recorded)


def test_early(
    plugin: ModuleType, calls: list[str], args: dict[str, Any]
) -> None:
    """Without `wait` only a missing MetalLB is installed."""
    args |= {"wait": False}
    assert _install(plugin, args, "") == ((False, []), "")
    assert calls == ["install"]


def test_no_api_server(
    plugin: ModuleType,
    calls: list[str],
    args: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is installed too early."""
    monkeypatch.setattr(plugin, "wait_for_api", lambda *_: False)
    args |= {"wait": False, "api_timeout": 1}
    assert _install(plugin, args, "") == ((False, []), "")
    assert calls == []


def test_fingerprint_refused(
    plugin: ModuleType,
    calls: list[str],
    args: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What cannot be looked at is installed again."""
    errors = [KubeError("refused")]

    def fingerprint(_: object) -> list[str]:
        if errors:
            raise errors.pop()
        return ["controller 1"]

    monkeypatch.setattr(plugin, "fingerprint", fingerprint)
    assert _install(plugin, args, INSTALLED) == ((True, []), INSTALLED)
    assert "repair" in calls


def test_absent(plugin: ModuleType, calls: list[str]) -> None:
    """It is uninstalled and waited for to be gone."""
    assert plugin._uninstall(io.StringIO()) == (True, [])
    assert calls == ["uninstall", "wait_uninstalled"]
