"""A report as one page of HTML, which needs no other file and no network."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from graders.grading.html_report import HEAD, POLICY, STYLE, as_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from graders.classroom.regraded import Regraded, Status
    from graders.classroom.report import ClassReport, Trouble

_TITLE: Final = "Report of a class"
_TABLES: Final = """\
html { background: Canvas; color: CanvasText; }
table { border-collapse: collapse; }
caption { text-align: left; padding: .3rem 0; }
th, td { text-align: left; padding: .2rem .6rem;
  border-bottom: 1px solid var(--line); overflow-wrap: normal; }
td.number, th.number { text-align: right; }
.wide { overflow-x: auto; }
.confirmed { color: var(--good); } .differs, .refused { color: var(--bad); }
.stopped, .error { color: var(--wait); }
"""
_PAGE: Final = (
    HEAD
    + """\
<main>
<h1>{title}</h1>
<p>{summary}</p>
<p>Points were graded on a fresh lab after the submitted repair was played.
Attempts, hints, minutes and layers are what students' own journals say.</p>
<h2>Scores</h2>
{scores}
<h2>What to look at</h2>
{reasons}
<h2>What was hard</h2>
{troubles}
</main>
</body>
</html>
"""
)
# Heading, class of its cells.
_COLUMNS: Final = (
    ("Student", ""),
    ("Lab", ""),
    ("Result", ""),
    ("Verified", "number"),
    ("Claimed", "number"),
    ("Attempts", "number"),
    ("Hints", "number"),
    ("Minutes", "number"),
    ("Layer broken at the last attempt", ""),
)
MEANINGS: Final[dict[Status, str]] = {
    "confirmed": "as claimed",
    "differs": "not as claimed",
    "refused": "not played",
    "stopped": "left nothing to grade",
    "error": "not regraded yet",
}


def to_html(report: ClassReport) -> str:
    """Return the page."""
    return _PAGE.format(
        policy=POLICY,
        style=STYLE + _TABLES,
        title=_TITLE,
        summary=as_html(summary(report.rows)),
        scores="\n".join(_scores(report.rows)),
        reasons="\n".join(_reasons(report.rows)),
        troubles="\n".join(_troubles(report)),
    )


def summary(rows: Iterable[Regraded]) -> str:
    """Return in one sentence how many submissions came out how."""
    rows = list(rows)
    counts = Counter(row.status for row in rows)
    students = len({row.student for row in rows if row.student})
    parts = [
        f"{counts[status]} {meaning}"
        for status, meaning in MEANINGS.items()
        if counts[status]
    ]
    counted = ", ".join(parts)
    return f"{len(rows)} submissions of {students} students: {counted}."


def _scores(rows: Iterable[Regraded]) -> Iterator[str]:
    yield (
        '<div class="wide" role="region" aria-label="Scores" tabindex="0">'
        "<table><thead><tr>"
    )
    for name, kind in _COLUMNS:
        yield f'<th scope="col"{_class(kind)}>{name}</th>'
    yield "</tr></thead><tbody>"
    for row in rows:
        first, *others = _cells(row)
        yield f'<tr><th scope="row">{first}</th>'
        for (_, kind), cell in zip(_COLUMNS[1:], others, strict=True):
            yield f"<td{_class(kind)}>{cell}</td>"
        yield "</tr>"
    yield "</tbody></table></div>"


def _cells(row: Regraded) -> list[str]:
    verified, claimed, work = row.verified, row.claimed, row.work
    word = MEANINGS[row.status]
    return [
        as_html(row.student or row.file),
        as_html("-".join(row.lab.split("-")[:2])),
        f'<strong class="{row.status}">{word}</strong>',
        f"{verified.points}/{verified.total}" if verified else "-",
        f"{claimed.points}/{claimed.total}" if claimed else "-",
        str(work.attempts),
        str(work.hints) + (", gave up" if work.gave_up else ""),
        str(work.minutes),
        as_html(work.first_broken_layer or "none"),
    ]


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _reasons(rows: Iterable[Regraded]) -> Iterator[str]:
    found = [row for row in rows if row.reasons]
    if not found:
        yield "<p>Nothing.</p>"
        return
    yield "<ul>"
    for row in found:
        reasons = "; ".join(row.reasons)
        yield (
            f"<li><strong>{as_html(row.file)}</strong>"
            f" ({MEANINGS[row.status]}): {as_html(reasons)}</li>"
        )
    yield "</ul>"


def _troubles(report: ClassReport) -> Iterator[str]:
    parts = (
        ("Checks that failed longest", report.failing, "minutes in all"),
        ("Hints that were read most", report.hints, "hints read"),
        ("Wrong repairs that were tried most", report.tries, "grades"),
    )
    for title, troubles, unit in parts:
        yield f"<h3>{title}</h3>"
        yield from _list(troubles, unit)


def _list(troubles: Iterable[Trouble], unit: str) -> Iterator[str]:
    troubles = list(troubles)
    if not troubles:
        yield "<p>None.</p>"
        return
    yield "<ol>"
    for one in troubles:
        students = "student" if one.students == 1 else "students"
        note = f"; {as_html(one.note)}" if one.note else ""
        yield (
            f"<li><code>{as_html(one.check)}</code> of {as_html(one.lab)}:"
            f" {one.amount} {unit}, {one.students} {students}{note}</li>"
        )
    yield "</ol>"
