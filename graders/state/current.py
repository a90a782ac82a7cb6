"""The running lab and its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.course.lab import load_lab
from graders.errors import CannotCheck, UsageError
from graders.state import lab_state
from graders.state.cluster_identity import is_other_cluster
from graders.state.lab_state import UnknownState

if TYPE_CHECKING:
    from graders.course.lab import Lab
    from graders.plan.plan import Plan
    from graders.state.lab_state import State


def current_lab(plan: Plan) -> tuple[Lab, State]:
    """Return the running lab and its state.

    Raises:
        CannotCheck: no lab is running, or this version of the kit does not
            have it.

    """
    state = lab_state.read(plan)
    if state is None:
        raise CannotCheck("no lab is running", remedy="run `make lab-1`")
    try:
        lab = load_lab(state.lab)
        lab.variant(state.variant)
    except UsageError as error:
        # Its message would name the faults.
        raise UnknownState(
            f"{state.lab} was started by another version of the kit, and this"
            " one has no such lab or fault",
            remedy="`lab start 1` starts a lab of this version",
        ) from error
    return lab, state


def require_complete(plan: Plan) -> tuple[Lab, State]:
    """Return the running lab and its state, if it can be graded.

    Raises:
        CannotCheck: no lab is running, a start or reset was interrupted, or
            the cluster was replaced since.

    """
    lab, state = current_lab(plan)
    if state.changing:
        raise CannotCheck(
            f"`{state.changing}` was interrupted, so the lab is incomplete",
            remedy=f"`lab reset` finishes {lab.id}, `lab start` another one",
        )
    if is_other_cluster(plan, state):
        raise CannotCheck(
            "the cluster is another one than this lab was started on",
            remedy=f"`lab reset` starts {lab.id} again, on this one",
        )
    return lab, state
