"""Lines of the running lab's journal, which commands write as they end."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from graders.cli.common import echo
from graders.errors import CannotCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from graders.grading.result import GradeResult
    from graders.plan.plan import Plan
    from graders.state.lab_state import State


def note_start(plan: Plan, state: State, *, chosen: bool) -> None:
    """Begin a journal; `chosen` says that the fault is not the student's."""
    from importlib import metadata

    from graders.lifecycle.image_tag import recipe
    from graders.state import journal

    data = {
        "kit": metadata.version("metallb-lab-kit"),
        "recipe": recipe(),
        "chosen": chosen,
    }
    _say_if_not(lambda: journal.begin(plan, state, data))


def note_grade(
    plan: Plan, state: State, result: GradeResult, *, full: bool
) -> None:
    """Add a grade, with the digest of its document."""
    from graders.state.journal import GRADE

    data = result.as_journal_data | {
        "full": full,
        "result": sha256(result.to_json().encode()).hexdigest(),
    }
    note(plan, state, GRADE, data)


def note(
    plan: Plan, state: State, event: str, data: Mapping[str, Any]
) -> None:
    """Add a line about any other event."""
    from graders.state import journal

    _say_if_not(lambda: journal.append(plan, state, event, data))


@contextmanager
def kept_journal(plan: Plan) -> Iterator[None]:
    """Keep the journal where a reset builds the lab again from nothing."""
    from graders.state import journal

    text = ""
    with suppress(CannotCheck):
        text = journal.read(plan)
    yield
    _say_if_not(lambda: journal.restore(plan, text))


def _say_if_not(write: Callable[[], None]) -> None:
    """Write; no verdict and no command depends on it."""
    try:
        write()
    except CannotCheck as error:
        echo(f"lab: the journal was not written: {error}")
