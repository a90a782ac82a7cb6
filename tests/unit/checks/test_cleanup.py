"""What a grading that was killed left is removed before the next."""

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
    """A lab whose worker is paused, and with which another one graded."""

    plan = make_plan()

    def __init__(self) -> None:
        """Have been asked for nothing yet."""
        self.asked: list[str] = []
        self.resumed: list[str] = []
        self.cluster = self

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return what there is; MetalLB's resources are gone."""
        if "metallb" in path:
            raise CannotCheck("no such resource")
        return [
            {"metadata": {"name": name} | ({"namespace": at} if at else {})}
            for at, name in FOUND[path]
        ]

    def ask(self, verb: str, path: str) -> None:
        """Note what is asked for."""
        self.asked.append(f"{verb} {path}")


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Lab:
    """Put a lab in place, and its folder into the test's."""
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


def test_nothing_is_asked_after_a_grading_that_ended(lab: Lab) -> None:
    """Also after one that was interrupted: it has tidied up itself."""
    with pytest.raises(KeyboardInterrupt), clean_session(cast("Session", lab)):
        raise KeyboardInterrupt
    with clean_session(cast("Session", lab)):
        pass

    assert lab.asked == lab.resumed == []


def test_a_killed_grading_is_swept_up_after(lab: Lab, tmp_path: Path) -> None:
    """Its objects go, and nobody else's; a paused node goes on."""
    (tmp_path / "demo" / "grading").touch()
    with clean_session(cast("Session", lab)):
        pass

    assert lab.resumed == ["paused", "all"]
    assert lab.asked == [
        "DELETE /api/v1/namespaces/lab-1/services/grader-ab",
        "DELETE /api/v1/namespaces/lab-4/pods/grader-cd-x",
        "DELETE /api/v1/namespaces/grader-ef",
    ]
