"""What a submission's journal says of the work on it.

The student's computer wrote it, so it is for teaching and not for marks.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from graders.classroom.regraded import Work
from graders.errors import one_line
from graders.grading.progress import BREAK_S
from graders.state import journal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from graders.state.journal import Entry

# No lab has more checks, and no check a longer name.
_NAMES: Final = 50
_LONGEST: Final = 60


def summarise(entries: Sequence[Entry]) -> Work:
    """Return the sums of a journal, whatever a student made of it."""
    grades = [one.data for one in entries if one.event == journal.GRADE]
    unsolved = [data for data in grades if data.get("solved") is not True]
    layer = grades[-1].get("first_broken_layer") if grades else ""
    hints = [one.data for one in entries if one.event == journal.HINT]
    failing, seconds = _seconds(entries)
    return Work(
        attempts=len(grades),
        hints=len(hints),
        minutes=round(seconds / 60),
        gave_up=any(one.event == journal.GIVE_UP for one in entries),
        first_broken_layer=_word(layer),
        failing=_counts(failing),
        hints_read=_counts(Counter(_word(it.get("check")) for it in hints)),
        tries=_counts(
            Counter(name for data in unsolved for name in _failed(data)[:1])
        ),
    )


def _seconds(entries: Sequence[Entry]) -> tuple[Counter[str], int]:
    """Return how long each check failed, and all until it was solved.

    A check fails from the grade that says so to the next one that does not;
    of a break, a part is counted.
    """
    failing: Counter[str] = Counter()
    whole = 0
    failed: list[str] = []
    for one, after in pairwise(_until_solved(entries)):
        if one.event == journal.GRADE:
            failed = _failed(one.data)
        spent = _between(one, after)
        whole += spent
        failing.update(dict.fromkeys(failed, spent))
    return failing, whole


def _until_solved(entries: Sequence[Entry]) -> Iterator[Entry]:
    for one in entries:
        yield one
        if one.event == journal.GRADE and one.data.get("solved") is True:
            return


def _between(one: Entry, after: Entry) -> int:
    begun, ended = map(datetime.fromisoformat, (one.time, after.time))
    return int(max(0, min((ended - begun).total_seconds(), BREAK_S)))


def _failed(data: dict[str, Any]) -> list[str]:
    failed = data.get("failed")
    return [_word(it) for it in failed] if isinstance(failed, list) else []


def _counts(counter: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in counter.most_common(_NAMES) if name}


def _word(value: object) -> str:
    return one_line(value, _LONGEST) if isinstance(value, str) else ""
