"""The running lab, opened for grading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.checks.session import open_session
from graders.lifecycle.early_install import CLUSTER, preload_module
from graders.providers.registry import provider
from graders.state.current import require_complete

if TYPE_CHECKING:
    from graders.checks.session import Session
    from graders.state.lab_state import State


def open_running_lab(student: str) -> tuple[Session, State]:
    """Return a session on the student's lab, and the lab's state.

    Raises:
        KitError: no complete lab is running, or the kit cannot look.

    """
    preload_module(CLUSTER)
    plan = provider().locate(student).plan
    lab, state = require_complete(plan)
    return open_session(plan, lab, state.variant), state
