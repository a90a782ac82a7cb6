"""The action `kit_metallb`: what is late is not noted as left so."""

from __future__ import annotations

import importlib.util
import io
from typing import TYPE_CHECKING, Any

import pytest

from graders.paths import ANSIBLE

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the plugin, with a cluster of one line."""
    file = ANSIBLE / "action_plugins" / "kit_metallb.py"
    spec = importlib.util.spec_from_file_location("kit_metallb", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "look", lambda _: ["controller 1"])
    return module


def _await(plugin: ModuleType, seen: Path) -> dict[str, Any]:
    given = {"left": str(seen), "recipe": "r", "turn": "t", "step": "await"}
    done: dict[str, Any] = plugin._step(io.StringIO(), given)
    return done


@pytest.mark.parametrize("late", [[], ["the webhook does not answer"]])
def test_noted_when_it_is_there(
    plugin: ModuleType,
    late: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half of it must be put in place again by the next command."""
    monkeypatch.setattr(plugin, "await_ready", lambda *_: late)
    seen = tmp_path / "seen"
    seen.write_text("as before")

    done = _await(plugin, seen)

    assert done == {"failed": bool(late), "msg": "; ".join(late)}
    assert seen.read_text() == ("as before" if late else "r\ncontroller 1")
