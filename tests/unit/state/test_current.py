"""The running lab, also after an update of the kit."""

from __future__ import annotations

import pytest

from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.state import current, lab_state
from graders.state.lab_state import State

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
        CannotCheck, match=r"another version .*`lab start 1`"
    ) as it:
        current.current_lab(PLAN)

    assert "no-pool" not in str(it.value)
