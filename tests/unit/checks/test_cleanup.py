"""What a killed grading has left is removed before the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from graders.checks import cleanup
from graders.checks.cleanup import clean_session
from graders.errors import CannotCheck
from graders.plan.plan import make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from graders.checks.session import Session

FOUND = {
    "/api/v1/services": [("lab-1", "web"), ("lab-1", "grader-ab")],
    "/api/v1/pods": [("lab-4", "grader-cd-x")],
    "/api/v1/namespaces": [("", "lab-1"), ("", "grader-ef")],
}


class Lab:
    """A lab with temporary objects and a paused node."""

    plan = make_plan()

    def __init__(self) -> None:
        """Start without requests."""
        self.asked: list[str] = []
        self.resumed: list[str] = []
        self.cluster = self

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return the objects of a kind; MetalLB's kinds are missing."""
        if "metallb" in path:
            raise CannotCheck("no such resource")
        return [
            {"metadata": {"name": name} | ({"namespace": at} if at else {})}
            for at, name in FOUND[path]
        ]

    def ask(self, verb: str, path: str) -> None:
        """Record a request."""
        self.asked.append(f"{verb} {path}")


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Lab:
    """Return a lab with an empty state folder."""
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path))
    (tmp_path / "demo").mkdir()
    found = Lab()
    monkeypatch.setattr(
        cleanup, "resume_nodes", lambda _: found.resumed.append("paused")
    )
    monkeypatch.setattr(
        cleanup, "uncordon", lambda _: found.resumed.append("all")
    )
    return found


def test_after_ended_grading(lab: Lab) -> None:
    """Nothing is requested, also not after Ctrl-C."""
    with pytest.raises(KeyboardInterrupt), clean_session(cast("Session", lab)):
        raise KeyboardInterrupt
    with clean_session(cast("Session", lab)):
        pass

    assert lab.asked == lab.resumed == []


def test_after_killed_grading(lab: Lab, tmp_path: Path) -> None:
    """Only temporary objects are removed; nodes are resumed."""
    (tmp_path / "demo" / "grading").touch()
    with clean_session(cast("Session", lab)):
        pass

    assert lab.resumed == ["paused", "all"]
    assert lab.asked == [
        "DELETE /api/v1/namespaces/lab-1/services/grader-ab",
        "DELETE /api/v1/namespaces/lab-4/pods/grader-cd-x",
        "DELETE /api/v1/namespaces/grader-ef",
    ]
