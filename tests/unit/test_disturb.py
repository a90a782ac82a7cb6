"""How a node is cut off, and what happens if it cannot be."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from graders import disturb
from graders.errors import CannotCheck
from graders.plan import make_plan

if TYPE_CHECKING:
    from graders.session import Session

PLAN = make_plan("ada")
LAB = cast("Session", SimpleNamespace(plan=PLAN))
WORKER = PLAN.docker_name("worker")


class Engine:
    """An engine that cannot pause a node the first few times."""

    def __init__(self, failures: int) -> None:
        """Remember how often to fail."""
        self.failures = failures
        self.calls: list[str] = []

    def __call__(self, verb: str, node: str) -> str:
        """Do as told, or say why not."""
        self.calls.append(verb)
        if verb == "pause" and self.calls.count("pause") <= self.failures:
            raise CannotCheck(f"could not pause {node}: unable to freeze")
        return ""


def cut_off(monkeypatch: pytest.MonkeyPatch, failures: int) -> list[str]:
    """Cut a worker off, and return what was asked of the engine."""
    engine = Engine(failures)
    monkeypatch.setattr(disturb, "docker", engine)
    monkeypatch.setattr(disturb, "_back", lambda *_: None)
    with disturb.cut_off(LAB, WORKER):
        engine.calls.append("inside")
    return engine.calls


def test_a_node_that_cannot_be_stopped_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is tried again, and resumed once."""
    calls = cut_off(monkeypatch, failures=2)

    assert calls == ["pause", "pause", "pause", "inside", "unpause"]


def test_a_node_that_cannot_be_stopped_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It cannot be checked what happens without it."""
    with pytest.raises(CannotCheck, match="unable to freeze"):
        cut_off(monkeypatch, failures=9)


def test_the_control_plane_stays() -> None:
    """Without the API server nothing could be judged."""
    with (
        pytest.raises(CannotCheck, match="cannot be cut off"),
        disturb.cut_off(LAB, PLAN.docker_name("control-plane")),
    ):
        pass
