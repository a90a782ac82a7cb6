"""Send the class board an event for each start, hint and grade."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from graders.cli.common import echo
from graders.errors import KitError, one_line
from graders.settings import CLASS_URL

if TYPE_CHECKING:
    from graders.grading.result import GradeResult
    from graders.state.lab_state import State


def tell_start(student: str, state: State) -> None:
    """Tell that a lab was started."""
    _tell(student, "start", state)


def tell_hint(student: str, state: State) -> None:
    """Tell how many hints were shown."""
    _tell(student, "hint", state, hints=state.hints)


def tell_grade(student: str, state: State, result: GradeResult) -> None:
    """Tell how far the lab is."""
    _tell(
        student,
        "grade",
        state,
        attempt=result.attempt,
        hints=result.hints,
        solved=result.solved,
        points=result.points,
        total=result.total,
        layer=result.first_broken_layer or "",
    )


def _tell(
    student: str,
    kind: Any,  # noqa: ANN401 - importing its type takes time
    state: State,
    **fields: Any,  # noqa: ANN401 - any JSON
) -> None:
    """Tell the board; whatever happens, the command has done its work."""
    if not os.environ.get(CLASS_URL):
        return
    # Ctrl-C is about the wait: the command has ended well before.
    with suppress(KeyboardInterrupt):
        try:
            from graders.classroom.board.sender import tell

            outcome = tell(
                student, kind, lab=state.lab, run=state.run, **fields
            )
        except KitError as error:
            echo(f"lab: the class board was told nothing: {error}")
        except Exception as error:  # noqa: BLE001 - no verdict depends on it
            why = one_line(f"{type(error).__name__}: {error}")
            echo(f"lab: the class board was told nothing: {why}")
        else:
            if outcome.status == "refused":
                echo(f"lab: the class board refused it: {outcome.reason}")
            elif outcome.status == "waiting":
                echo(
                    "lab: the class board gets this with the next command's:"
                    f" {outcome.reason}"
                )
