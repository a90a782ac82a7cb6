"""The action `lab_metallb`: what is late is not noted as left so."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType


@pytest.fixture
def plugin(
    action: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    """Return the plugin, with a cluster of one line."""
    module = action("lab_metallb")
    monkeypatch.setattr(module, "fingerprint", lambda _: ["controller 1"])
    return module


def _step(plugin: ModuleType, seen: Path, step: str) -> dict[str, Any]:
    given = {"left": str(seen), "recipe": "r", "run_id": "t", "step": step}
    done: dict[str, Any] = plugin._step(io.StringIO(), given)
    return done


@pytest.mark.parametrize("step", ["await", "look"])
@pytest.mark.parametrize("late", [[], ["the webhook does not answer"]])
def test_noted_when_it_is_there(  # noqa: PLR0913, PLR0917 - fixtures, and a case's parts
    plugin: ModuleType,
    late: list[str],
    step: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half of it must be put in place again by the next command."""
    monkeypatch.setattr(plugin, "wait_ready", lambda *_: late)
    seen = tmp_path / "seen"
    seen.write_text(begun := "r\nbegun t")

    done = _step(plugin, seen, step)

    assert done["failed"] == bool(late)
    assert (done["same"], done["msg"]) == (not late, "; ".join(late))
    assert seen.read_text() == (begun if late else "r\ncontroller 1")


@pytest.mark.parametrize(
    ("noted", "answers", "same"),
    [
        ("r\ncontroller 1", True, True),
        ("r\ncontroller 1", False, False),
        ("r\ncontroller 2", True, False),
        ("r\nbegun t-before", True, False),
        ("", True, False),
    ],
)
def test_looked_at(  # noqa: PLR0913, PLR0917 - fixtures, and a case's parts
    plugin: ModuleType,
    noted: str,
    answers: bool,  # noqa: FBT001 - a parameter of the case
    same: bool,  # noqa: FBT001 - as above
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is not as it was left is put in place again, and not waited for."""
    monkeypatch.setattr(
        plugin, "webhook_error", lambda _: "" if answers else "x"
    )
    seen = tmp_path / "seen"
    seen.write_text(noted)

    assert _step(plugin, seen, "look") == {"same": same}
    assert seen.read_text() == noted
