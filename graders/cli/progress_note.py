"""A student's progress: recorded while commands run, and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.cli.common import echo
from graders.errors import CannotCheck

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.grading.comparison import Measurement
    from graders.grading.progress import Document, Run
    from graders.state.lab_state import State


def note_progress(
    student: str,
    state: State,
    *,
    solved: bool = False,
    measured: Sequence[Measurement] = (),
) -> Run | None:
    """Record how far the running lab is, or say why that was not possible."""
    from graders.grading.progress import record

    run, problem = record(student, state, solved=solved, measured=measured)
    if problem:
        echo(f"lab: {problem}")
    return run


def known_runs(student: str) -> list[Run]:
    """Return all runs; none, with a message, if they cannot be read."""
    return _known(student).runs


def known_measurements(student: str) -> list[Measurement]:
    """Return the last measurement of each mode, as `known_runs` does."""
    return _known(student).measurements


def _known(student: str) -> Document:
    from graders.grading.progress import Document, read_progress

    try:
        return read_progress(student)
    except CannotCheck as error:
        echo(f"lab: progress is not known: {error}")
        return Document([], [])


def effort(runs: Sequence[Run]) -> str:
    """Return minutes, attempts and hints in words."""
    sums = (
        (round(sum(one.seconds for one in runs) / 60), "minute"),
        (sum(one.attempts for one in runs), "attempt"),
        (sum(one.hints for one in runs), "hint"),
    )
    return ", ".join(f"{n} {word}{'' if n == 1 else 's'}" for n, word in sums)


def next_lab(runs: Sequence[Run], after: int = -1) -> str:
    """Return how to start the next lab that is not solved."""
    from graders.course.overview import overviews
    from graders.grading.progress import solved_labs

    solved = solved_labs(runs)
    labs = [one for one in overviews() if one.id not in solved]
    later = [one for one in labs if int(one.number) > after]
    for one in later or labs:
        return f"make lab-{one.number}, {one.title}"
    return (
        "each lab is solved; another name, as in STUDENT=grace make lab-1,"
        " has other faults and numbers"
    )
