"""A view as text in colours, for a screen of any width."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text

from graders.errors import printable
from graders.watch.view import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.watch.view import Mark, Row, View

_STYLES: Final[dict[Mark, str]] = {
    "waiting": "dim",
    "pass": "green",
    "fail": "bold red",
    "needs": "dim",
    "cannot-check": "yellow",
    "grade": "dim",
}
# Below this width a layer is a line by itself, and no column.
_ROOMY: Final = 60
_LAYER: Final = 15
_NARROWEST: Final = 20
_SEEN_BY: Final = "seen by  "
_MINUTE_S: Final = 60
# Only its way to wrap lines is used.
_CONSOLE: Final = Console(width=80, color_system=None)


def heading(view: View, width: int, now: float) -> Text:
    """Return lab, student, attempt and minutes, in one line if they fit."""
    if not view.lab:
        return Text("lab watch", "bold")
    left = f"lab-{view.number}  {view.title}"
    minutes = max(int(now - view.since), 0) // _MINUTE_S
    right = (
        f"student {view.student}   attempts {view.attempts}   {minutes} min"
    )
    gap = width - len(left) - len(right)
    between = " " * gap if gap > 1 else "\n"
    return Text(left, "bold") + Text(f"{between}{right}")


def verdict(view: View) -> Text:
    """Return the line under the checks."""
    return Text(printable(view.verdict), "bold")


def checks(view: View, width: int) -> Text:
    """Return the checks, layer by layer; what failed has its reason."""
    lines: list[Text] = []
    for layer, rows in groupby(view.rows, key=lambda row: row.spec.layer):
        lead: str = layer
        if width < _ROOMY:
            lines.append(Text(layer, "bold"))
            lead = ""
        for row in rows:
            lines += _row(row, lead, width)
            lead = ""
    return Text("\n").join(lines)


def _row(row: Row, layer: str, width: int) -> Iterator[Text]:
    """Yield the lines of one check."""
    column = f"{layer:<{_LAYER}}" if width >= _ROOMY else ""
    indent = " " * (len(f" {WORDS[row.mark]}  ") + len(column))
    style = "" if row.mark in {"pass", "fail"} else _STYLES[row.mark]
    sentence = row.spec.sentence
    if row.mark in {"needs", "grade"}:
        sentence = f"{sentence} ({row.reason})"
    mark = Text(f" {WORDS[row.mark]}  ", _STYLES[row.mark])
    room = max(width - len(indent), _NARROWEST)
    first, *more = _wrapped(sentence, room, style)
    yield mark + Text(column, "bold") + first
    for line in more:
        yield Text(indent) + line
    if row.mark in {"fail", "cannot-check"}:
        yield from _why(row, width)


def _why(row: Row, width: int) -> Iterator[Text]:
    """Yield why a check did not pass, and the command that shows it."""
    indent = " " * len(f" {WORDS[row.mark]}  ")
    room = max(width - len(indent), _NARROWEST)
    for line in _wrapped(row.reason, room, _STYLES[row.mark]):
        yield Text(indent) + line
    if not row.command:
        return
    lead = _SEEN_BY
    for line in _wrapped(row.command, room - len(lead), "dim"):
        yield Text(indent + lead) + line
        lead = " " * len(lead)


def _wrapped(text: str, room: int, style: str) -> list[Text]:
    lines = Text(printable(text), style).wrap(_CONSOLE, room)
    return list(lines) or [Text()]
