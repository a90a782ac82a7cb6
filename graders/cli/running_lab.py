"""The running lab, opened for grading."""

from __future__ import annotations

import threading
from importlib import import_module
from typing import TYPE_CHECKING

from graders.checks.session import open_session
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
    _preload_cluster()
    plan = provider().locate(student).plan
    lab, state = require_complete(plan)
    return open_session(plan, lab, state.variant), state


def _preload_cluster() -> None:
    """Import the official client while the provider is asked for machines.

    It takes half a second of processor time, a sixth of most grades.
    """
    threading.Thread(
        target=import_module, args=("graders.probes.cluster",), daemon=True
    ).start()
