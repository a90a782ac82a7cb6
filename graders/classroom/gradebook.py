"""Fill verified points into the file that a gradebook exported.

Canvas and Moodle take back the CSV that they write, with scores in it. Rows
are matched by login; all other cells stay as they are.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from graders.course.lab import load_lab
from graders.errors import UsageError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from graders.classroom.regraded import Regraded

# Columns that may have a student's login, best first.
_LOGINS: Final = (
    "sis login id",
    "sis user id",
    "username",
    "id number",
    "email address",
    "email",
)
_POSSIBLE: Final = "points possible"
_PERCENTAGE: Final = "(percentage)"


@dataclass
class Filled:
    """A gradebook with scores in it, and what did not find a place."""

    text: str
    count: int = 0
    missing: list[str] = field(default_factory=list)


def fill(
    text: str,
    rows: Sequence[Regraded],
    columns: Mapping[str, str],
    logins: Mapping[str, Iterable[str]],
) -> Filled:
    """Return the gradebook `text` with the verified points of `rows`.

    `columns` names the column of a lab, by its id, where the name of the
    column does not say which lab it is. `logins` are other names that a
    student has there.

    Raises:
        UsageError: it is no gradebook, or a column is missing or ambiguous.

    """
    table = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    header = [cell.strip() for cell in table[0]] if table else []
    places = [
        at
        for login in _LOGINS
        for at, name in enumerate(header)
        if name.casefold() == login
    ]
    if not places:
        raise UsageError(
            f"the gradebook has no column with logins ({', '.join(_LOGINS)})",
            remedy="export it again, with the students' identification",
        )
    at_lab = {
        lab: _column(header, lab, columns) for lab in {row.lab for row in rows}
    }
    filled = Filled("")
    for row in rows:
        ours = _row(table, places, row.student, logins)
        if ours is None:
            filled.missing.append(row.student)
            continue
        at = at_lab[row.lab]
        ours += [""] * (at + 1 - len(ours))
        ours[at] = _score(row, header[at], _possible(table, at))
        filled.count += 1
    filled.text = _write(table, bom=text.startswith("\ufeff"))
    return filled


def _column(header: list[str], lab: str, columns: Mapping[str, str]) -> int:
    named = columns.get(lab)
    if named:
        found = [at for at, name in enumerate(header) if name == named]
    else:
        known = load_lab(lab)
        words = re.compile(
            rf"\blab[ _-]?0*{known.number}\b|{re.escape(known.title)}",
            re.IGNORECASE,
        )
        found = [at for at, name in enumerate(header) if words.search(name)]
    if len(found) != 1:
        what = "no column" if not found else f"{len(found)} columns"
        shown = one_line(", ".join(header), 300)
        raise UsageError(
            f"the gradebook has {what} for {lab}: {shown}",
            remedy=f'name it: --column "{lab}=NAME OF THE COLUMN"',
        )
    return found[0]


def _row(
    table: list[list[str]],
    places: Sequence[int],
    student: str,
    logins: Mapping[str, Iterable[str]],
) -> list[str] | None:
    wanted = {name.casefold() for name in (student, *logins.get(student, ()))}
    # The most certain column decides.
    for place in places:
        found = [
            row
            for row in table[1:]
            if place < len(row) and _names(row[place]) & wanted
        ]
        if len(found) > 1:
            raise UsageError(
                f"the gradebook has {len(found)} rows for {student}",
                remedy="give --roster a list with the login of each student",
            )
        if found:
            return found[0]
    return None


def _names(cell: str) -> set[str]:
    """Return what a cell may be matched by: an address by its login, too."""
    whole = cell.strip().casefold()
    return {whole, whole.partition("@")[0]} - {""}


def _possible(table: list[list[str]], at: int) -> float | None:
    """Return the points of Canvas's second row, None without one."""
    for row in table[1:3]:
        if row and row[0].strip().casefold() == _POSSIBLE and at < len(row):
            try:
                return float(row[at])
            except ValueError:
                return None
    return None


def _score(row: Regraded, heading: str, possible: float | None) -> str:
    assert row.verified  # noqa: S101 - only such rows are exported
    points, total = row.verified.points, max(row.verified.total, 1)
    if heading.casefold().endswith(_PERCENTAGE):
        possible = 100
    if possible is None:
        return str(points)
    return f"{points / total * possible:.2f}".rstrip("0").rstrip(".")


def _write(table: list[list[str]], *, bom: bool) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    return ("\ufeff" if bom else "") + text.getvalue()
