"""Verify a submission's journal: its chain, and that it fits the result."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from graders.classroom.reasons import refused, shown, warning
from graders.classroom.zipped import RESULT
from graders.state import journal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graders.classroom.reasons import Reason
    from graders.classroom.submission import Submission

_refused: Final = partial(refused, "journal")
_warning: Final = partial(warning, "journal")
# Clocks of students are not exact.
_TOLERANCE: Final = timedelta(hours=1)


def problems(sent: Submission) -> Iterator[Reason]:
    """Yield what is wrong with a submission's journal."""
    for problem in journal.chain_problems(sent.journal_text):
        yield _refused(problem)
    if not sent.journal or sent.journal[0].event != journal.START:
        yield _refused("it does not begin with the start of a lab")
    yield from _of_run(sent)
    yield from _times(sent)
    yield from _grades(sent)
    yield from _help(sent)


def handed_in(sent: Submission) -> datetime | None:
    """Return the time of the last line, by the student's clock."""
    if not sent.journal:
        return None
    return datetime.fromisoformat(sent.journal[-1].time)


def _of_run(sent: Submission) -> Iterator[Reason]:
    """Yield lines about another lab or run."""
    plan = sent.plan
    for at, entry in enumerate(sent.journal, start=1):
        if (entry.lab, entry.run) != (plan.lab, plan.run):
            yield _refused(f"line {at} is about another run")
            return


def _times(sent: Submission) -> Iterator[Reason]:
    last = handed_in(sent)
    if last and last > datetime.now(UTC) + _TOLERANCE:
        yield _warning(
            f"it ends at {last:%Y-%m-%d %H:%M} UTC, which is in the future"
        )


def _grades(sent: Submission) -> Iterator[Reason]:
    """Yield where the last grade is not the result, or is not the last."""
    result = sent.result
    events = [entry.event for entry in sent.journal]
    grades = [it for it in sent.journal if it.event == journal.GRADE]
    if not grades:
        yield _refused("it has no grade, so the result is not its")
        return
    last = grades[-1].data
    if last.get("result") != sha256(sent.members[RESULT]).hexdigest():
        yield _refused("result.json is not the document of the last grade")
    yield from _differences(last, result.as_journal_data)
    after = events[len(events) - events[::-1].index(journal.GRADE) :]
    if journal.RESET in after:
        yield _warning("the lab was reset after the grade that is handed in")
    yield from _count("grades", len(grades), result.attempt)


def _differences(
    data: Mapping[str, Any], result: Mapping[str, object]
) -> Iterator[Reason]:
    for name, value in result.items():
        if name not in data or data[name] != value:
            told = shown(data[name]) if name in data else "nothing"
            yield _refused(
                f"{name} of the last grade is {told}, and {shown(value)} in"
                " the result"
            )


def _help(sent: Submission) -> Iterator[Reason]:
    """Yield where the help that was had is not in the result."""
    result = sent.result
    graded = [entry.event for entry in sent.journal]
    if journal.GRADE in graded:
        last = len(graded) - graded[::-1].index(journal.GRADE)
        graded = graded[:last]
    gave_up = journal.GIVE_UP in graded
    if gave_up and not result.gave_up:
        yield _refused(
            "the solution was shown, and the result says it was not"
        )
    if result.gave_up and not gave_up:
        yield _missing("the solution was shown")
    yield from _count("hints", graded.count(journal.HINT), result.hints)


def _count(what: str, told: int, claimed: int) -> Iterator[Reason]:
    """Yield a number of events that differs.

    A line may be missing because a disk was full; none can be too many.
    """
    if told > claimed:
        yield _refused(f"it has {told} {what}, and the result says {claimed}")
    elif told < claimed:
        yield _missing(f"the result says {claimed} {what}, not {told}")


def _missing(what: str) -> Reason:
    return _warning(f"lines are missing: {what}")
