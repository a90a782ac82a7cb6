"""What a killed grading has left is removed before the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from graders.checks import cleanup
from graders.checks.cleanup import clean_session
from graders.checks.objects import temporary_namespace
from graders.plan.plan import make_plan
from graders.probes.refusal import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from graders.checks.session import Session


class Lab:
    """A lab with temporary objects and a paused node."""

    plan = make_plan()

    def __init__(self) -> None:
        """Start without requests."""
        self.asked: list[str] = []
        self.resumed: list[str] = []
        self.cluster = self

    def ask(self, verb: str, path: str, body: object = None) -> None:
        """Record a request; a rule forbids that of pods."""
        self.asked.append(f"{verb} {path}")
        del body
        if "/pods/" in path:
            raise Refused(verb, path, "no")


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
    """What it has noted is removed; nodes are resumed."""
    paths = [
        "/api/v1/namespaces/lab-4/pods/stock-ab",
        "/api/v1/namespaces/orders-ab",
    ]
    mark = tmp_path / "demo" / "grading"
    mark.write_text("\n".join(paths), encoding="utf-8")
    with clean_session(cast("Session", lab)):
        assert mark.read_text(encoding="utf-8") == ""

    assert lab.resumed == ["paused", "all"]
    assert lab.asked == [f"DELETE {path}" for path in paths]


def test_objects_are_noted(lab: Lab, tmp_path: Path) -> None:
    """A grading that is killed leaves a list of what it has created."""
    mark = tmp_path / "demo" / "grading"
    session = cast("Session", lab)
    with clean_session(session), temporary_namespace(session) as name:
        noted = mark.read_text(encoding="utf-8")
    with temporary_namespace(session):
        pass

    assert noted == f"/api/v1/namespaces/{name}\n"
    assert not mark.exists()
