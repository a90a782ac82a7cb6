"""The lab that stands: what it is of, and how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.course.lab import load_lab
from graders.errors import CannotCheck
from graders.state import lab_state

if TYPE_CHECKING:
    from graders.course.lab import Lab
    from graders.plan.plan import Plan
    from graders.state.lab_state import State


def current_lab(plan: Plan) -> tuple[Lab, State]:
    """Return the lab that stands and its state.

    Raises:
        CannotCheck: none does.

    """
    now = lab_state.read(plan)
    if now is None:
        raise CannotCheck("no lab is running", way_out="run `make lab-1`")
    return load_lab(now.lab), now


def require_complete(plan: Plan) -> tuple[Lab, State]:
    """Return the lab that stands, if all of it is there to be judged.

    Raises:
        CannotCheck: none does, or a start or reset was cut off.

    """
    lab, now = current_lab(plan)
    if now.changing:
        raise CannotCheck(
            f"`{now.changing}` was interrupted, so the lab is incomplete",
            way_out=f"`lab reset` finishes {lab.id}, `lab start` another one",
        )
    return lab, now
