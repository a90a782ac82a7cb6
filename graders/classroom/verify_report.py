"""What was found about submissions, for people and for programs."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from graders.errors import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from graders.classroom.class_folder import Class
    from graders.classroom.verify import Row

VERSION: Final = 1
ALL_VERIFIED: Final = 0
SOME_REFUSED: Final = 1
SOME_UNVERIFIED: Final = 3
_WIDTH: Final = 80
_FILE: Final = 30
_STUDENT: Final = 20
_UNDER: Final = " " * 4


def exit_code(rows: Sequence[Row]) -> int:
    """Return 1 if any is refused, 3 if any is not fully verified, else 0."""
    found = {row.status for row in rows}
    if "refused" in found:
        return SOME_REFUSED
    return SOME_UNVERIFIED if "warning" in found else ALL_VERIFIED


def table(rows: Sequence[Row], course: Class | None) -> str:
    """Return a table of at most 80 columns, with reasons below each file."""
    lines = [
        _line("file", "student", "lab", "claims", "status"),
        "-" * _WIDTH,
    ]
    for row in rows:
        lines += _row(row)
    counts = Counter(row.status for row in rows)
    words = (f"{counts[it]} {it}" for it in ("verified", "warning", "refused"))
    where = course.course if course else "no class, so tickets are not known"
    lines += ["-" * _WIDTH, f"{', '.join(words)} ({where})"]
    return printable("\n".join(lines), keep="\n")


def to_json(rows: Sequence[Row], course: Class | None) -> str:
    """Return the document, indented, with a newline at its end."""
    document = {
        "version": VERSION,
        "kit": metadata.version("metallb-lab-kit"),
        "course": course.course if course else None,
        "files": [_document(row) for row in rows],
    }
    return json.dumps(document, indent=2) + "\n"


def _row(row: Row) -> Iterator[str]:
    sent = row.sent
    name = one_line(row.path.name, _FILE)
    if sent:
        result = sent.result
        number = sent.plan.lab.split("-")[1:2]
        points = f"{result.points}/{result.total}"
        yield _line(
            name,
            one_line(sent.plan.student, _STUDENT),
            one_line("".join(number), 4),
            one_line(points, 9),
            row.status,
        )
    else:
        yield _line(name, "-", "-", "-", row.status)
    for reason in row.reasons:
        yield from textwrap.wrap(
            f"{reason.kind}: {reason.about}: {reason}",
            _WIDTH,
            initial_indent=_UNDER,
            subsequent_indent=_UNDER * 2,
        )


def _line(*columns: str) -> str:
    file, student, lab, claims, status = columns
    return (
        f"{file:<{_FILE}} {student:<{_STUDENT}} {lab:<4} {claims:>9}  {status}"
    )


def _document(row: Row) -> dict[str, Any]:
    sent = row.sent
    about: dict[str, Any] = {"student": None, "lab": None, "claimed": None}
    if sent:
        result = sent.result
        about = {
            "student": sent.plan.student,
            "lab": sent.plan.lab,
            "claimed": {
                "points": result.points,
                "total": result.total,
                "solved": result.solved,
                "attempts": result.attempt,
                "hints": result.hints,
                "gave_up": result.gave_up,
            },
        }
    return {
        "file": str(row.path),
        **about,
        "status": row.status,
        "reasons": [
            {"kind": it.kind, "about": it.about, "text": str(it)}
            for it in row.reasons
        ],
    }
