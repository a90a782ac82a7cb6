"""The running lab, also after an update of the kit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.state import current, lab_state
from graders.state.lab_state import State, UnknownState

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan()


@pytest.mark.parametrize(
    ("lab", "variant"),
    [
        ("lab-1-pending-service", "of-last-year"),
        ("lab-77-of-last-year", "no-pool"),
    ],
)
def test_other_version(
    monkeypatch: pytest.MonkeyPatch, lab: str, variant: str
) -> None:
    """A lab or fault that was renamed is told, and no fault is named."""
    state = State(lab, variant, "ab", 0)
    monkeypatch.setattr(lab_state, "read", lambda _: state)

    with pytest.raises(
        UnknownState, match=r"another version .*`lab start 1`"
    ) as it:
        current.current_lab(PLAN)

    assert "no-pool" not in str(it.value)


def test_an_empty_note(base: Path) -> None:
    """A lab whose change was interrupted is not judged, but reset."""
    state = State("lab-1-pending-service", "no-pool", "ab", 0)
    lab_state.record(PLAN, state, {}, {})
    (base / "demo" / "lab" / "changing").touch()

    with pytest.raises(CannotCheck, match=r"interrupted.*`lab reset` finish"):
        current.require_complete(PLAN)
