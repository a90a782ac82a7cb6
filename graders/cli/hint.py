"""`lab hint`."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graders.cli.common import Student, command_context, tell_on_stderr
from graders.errors import MALFORMED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from graders.grading.hints import Hint
    from graders.state.lab_state import State


def hint(student: Student = "demo") -> None:
    """Show the next hint for the first failed check."""
    from graders.cli.board_events import tell_hint

    with command_context("lab hint", student, locked=True):
        rung, state = _next_hint(student)
        _print(rung)
        tell_hint(student, state)


def _next_hint(student: str) -> tuple[Hint, State]:
    """Grade in silence; return the next rung of the ladder, and the state."""
    from graders.checks.cleanup import clean_session
    from graders.cli.journal_note import note
    from graders.cli.progress_note import note_progress
    from graders.cli.running_lab import open_running_lab
    from graders.course.templates import names
    from graders.grading.hints import next_hint
    from graders.grading.runner import run_grade
    from graders.state import lab_state
    from graders.state.journal import HINT

    session, state = open_running_lab(student)
    lab = session.lab
    with clean_session(session, tell_on_stderr("lab")):
        result = run_grade(lab, state.variant, session, state.attempts)
        if result.interrupted:
            raise KeyboardInterrupt
    failed = result.failed[0].name if result.failed else ""
    with _rungs(student, f"{state.run} {failed}") as rung:
        hint = next_hint(
            lab,
            state.variant,
            result,
            rung.shown + 1,
            plan_vars=names(session.plan),
        )
        # The last one of a ladder may be shown again.
        if hint.rung > rung.shown:
            state = lab_state.count_hint(session.plan, state)
            data = {"number": state.hints, "check": hint.check}
            note(session.plan, state, HINT, data)
        rung.shown = hint.rung
    note_progress(student, state)
    return hint, state


def _print(hint: Hint) -> None:
    from graders.console import Terminal

    place = f"hint {hint.rung} of {hint.total_rungs} for {hint.check}: "
    text = f"{place if hint.total_rungs else ''}{hint.text}"
    Terminal().print(text, markup=False, highlight=False)


@dataclass
class _Rung:
    """The last rung of a ladder that was shown, 0 for none."""

    shown: int


@contextmanager
def _rungs(student: str, ladder: str) -> Iterator[_Rung]:
    """Keep the last rung of a ladder."""
    from graders.files import write_atomically
    from graders.settings import state_dir

    file = state_dir(student) / "hints.json"
    rungs = _read(file)
    rung = _Rung(rungs.get(ladder, 0))
    yield rung
    write_atomically(file, json.dumps(rungs | {ladder: rung.shown}))


def _read(file: Path) -> dict[str, int]:
    """Return the last rung of each ladder; a damaged file counts as none."""
    from graders.files import read_text

    try:
        rungs = json.loads(read_text(file))
        return {
            ladder: rung
            for ladder, rung in rungs.items()
            if isinstance(rung, int)
        }
    except (OSError, *MALFORMED):
        return {}
