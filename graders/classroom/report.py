"""What the results of a class say: scores, and where the class had trouble."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

from graders.course.lab import load_lab
from graders.course.solutions import all_repairs
from graders.errors import UsageError, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from graders.classroom.regraded import Regraded, Work
    from graders.course.lab import Lab

# How many lines of each kind a report has.
SHOWN: Final = 5
# What a spreadsheet would take for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t")
_COLUMNS: Final = (
    "student",
    "lab",
    "status",
    "verified_points",
    "claimed_points",
    "total",
    "solved",
    "attempts",
    "hints",
    "minutes",
    "gave_up",
    "first_broken_layer",
    "file",
    "reasons",
)

_Place: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class Trouble:
    """A check of a lab, how much of something it had, and with how many."""

    lab: str
    check: str
    amount: int
    students: int
    note: str = ""


@dataclass(frozen=True)
class ClassReport:
    """The results in order, and what was hard for the class, most first.

    `failing` is in minutes, `hints` in hints read, `tries` in grades of a
    repair that the check refused.
    """

    rows: tuple[Regraded, ...]
    failing: tuple[Trouble, ...]
    hints: tuple[Trouble, ...]
    tries: tuple[Trouble, ...]


def to_report(rows: Sequence[Regraded]) -> ClassReport:
    """Return the report of a class."""
    failing = _troubles(rows, lambda _, work: work.failing)
    return ClassReport(
        rows=tuple(rows),
        failing=tuple(
            Trouble(one.lab, one.check, round(one.amount / 60), one.students)
            for one in failing
        ),
        hints=tuple(_troubles(rows, lambda _, work: work.hints_read)),
        tries=tuple(_with_titles(rows, _troubles(rows, _repairs_tried))),
    )


def to_csv(rows: Iterable[Regraded]) -> str:
    """Return all rows as CSV, for a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for row in rows:
        writer.writerow(map(_cell, _values(row)))
    return text.getvalue()


def best_rows(rows: Iterable[Regraded]) -> list[Regraded]:
    """Return the best verified row of each student and lab."""
    best: dict[_Place, Regraded] = {}
    for row in rows:
        place = row.student, row.lab
        if row.verified and (
            place not in best or _points(row) > _points(best[place])
        ):
            best[place] = row
    return [*best.values()]


def _points(row: Regraded) -> int:
    return row.verified.points if row.verified else -1


def _values(row: Regraded) -> list[object]:
    verified, claimed, work = row.verified, row.claimed, row.work
    score = verified or claimed
    return [
        row.student,
        row.lab,
        row.status,
        verified.points if verified else "",
        claimed.points if claimed else "",
        score.total if score else "",
        ("yes" if verified.solved else "no") if verified else "",
        work.attempts,
        work.hints,
        work.minutes,
        "yes" if work.gave_up else "no",
        work.first_broken_layer,
        row.file,
        "; ".join(row.reasons),
    ]


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _troubles(
    rows: Iterable[Regraded],
    amounts: Callable[[Regraded, Work], Mapping[str, int]],
) -> list[Trouble]:
    """Return the sums of a class by check, most first."""
    sums: Counter[_Place] = Counter()
    students: defaultdict[_Place, set[str]] = defaultdict(set)
    for row in rows:
        known = _checks(row.lab)
        for check, amount in amounts(row, row.work).items():
            # A student may have written any name.
            if check in known and amount > 0:
                sums[row.lab, check] += amount
                students[row.lab, check].add(row.student)
    return [
        Trouble(*place, amount, len(students[place]))
        for place, amount in sums.most_common(SHOWN)
    ]


@cache
def _lab(lab: str) -> Lab | None:
    """Return a lab, None if this version of the kit has none of that id."""
    try:
        return load_lab(lab)
    except UsageError:
        return None


def _checks(lab: str) -> Iterable[str]:
    known = _lab(lab)
    return known.checks if known else ()


def _repairs_tried(row: Regraded, work: Work) -> dict[str, int]:
    """Return what refused a repair; what fails as shipped refuses none.

    The repair that was handed in counts, too, as it was regraded.
    """
    tries = Counter(work.tries)
    if row.verified and not row.verified.solved:
        tries.update(row.verified.failed[:1])
    breaks = _breaks(row.lab, row.fault)
    return {check: count for check, count in tries.items() if check != breaks}


def _breaks(lab: str, fault: str) -> str:
    known = _lab(lab)
    variant = known.variants.get(fault) if known else None
    return variant.breaks if variant else ""


def _with_titles(
    rows: Iterable[Regraded], troubles: Iterable[Trouble]
) -> Iterable[Trouble]:
    """Add the titles of wrong repairs that such a check refuses."""
    faults: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        faults[row.lab].add(row.fault)
    for one in troubles:
        titles = _titles(one.lab, one.check, faults[one.lab])
        note = f"such as: {'; '.join(titles[:2])}" if titles else ""
        yield Trouble(one.lab, one.check, one.amount, one.students, note)


def _titles(lab: str, check: str, faults: Iterable[str]) -> list[str]:
    """Return the titles in solutions/, if this copy of the kit has them."""
    known = _lab(lab)
    try:
        repairs = all_repairs(known) if known else {}
    except UsageError:
        return []
    return [
        _title(wrong.path.read_text("utf-8"))
        for fault in sorted(repairs.keys() & set(faults))
        for wrong in repairs[fault].wrong
        if check in wrong.refused_by
    ]


def _title(text: str) -> str:
    lines = (line for line in text.splitlines() if line.startswith("# "))
    return next(lines, "# ").removeprefix("# ")
