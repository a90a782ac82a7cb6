"""Draw an outage as a figure for a page, with its text below."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from graders.errors import printable
from graders.grading.outage_chart import timeline

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from graders.grading.outage_chart import Timeline
    from graders.grading.result import CheckResult

_COLUMNS: Final = 100
# Of the picture, in its own units.
_LEFT: Final = 78
_COLUMN: Final = 5
_ROWS: Final = {"answered": 4, "lost": 32}
_ROW_HEIGHT: Final = 22
_EVENTS_Y: Final = 74
_AXIS_Y: Final = 98
_HEIGHT: Final = 106


def outage_figure(check: CheckResult) -> Iterator[str]:
    """Yield the figure of a check's outage in HTML, nothing without one."""
    if check.outage is None:
        return
    line = timeline(check.outage, _COLUMNS)
    width = _LEFT + _COLUMN * (line.width + 5)
    title = f"Requests to {check.outage.url}: {check.outage.summary}"
    yield (
        f'<figure>\n<svg viewBox="0 0 {width} {_HEIGHT}" role="img"'
        f' aria-label="{_text(title)}">'
    )
    yield from _requests("answered", line.answered)
    yield from _requests("lost", line.lost)
    yield from _events(line)
    yield f"</svg>\n<figcaption>{_text(title)}.<ul>"
    for mark in line.marks:
        text = f"{mark.letter}, {mark.seconds:.1f} s: {mark.text}"
        yield f"<li>{_text(text)}</li>"
    yield "</ul></figcaption>\n</figure>"


def comparison_table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield a table in HTML, nothing without rows."""
    if not rows:
        return
    (_, *titles), *others = rows
    yield "<h2>Layer 2 beside BGP, as you measured them</h2>\n<table>"
    heads = "".join(f'<th scope="col">{_text(one)}</th>' for one in titles)
    yield f"<tr><td></td>{heads}</tr>"
    for label, *cells in others:
        row = "".join(f"<td>{_text(one)}</td>" for one in cells)
        yield f'<tr><th scope="row">{_text(label)}</th>{row}</tr>'
    yield "</table>"


def _requests(name: str, columns: Collection[int]) -> Iterator[str]:
    """Yield one row: a bar for each column with such requests."""
    y = _ROWS[name]
    yield f'<text x="0" y="{y + 16}">{name}</text>'
    path = "".join(
        f"M{_LEFT + _COLUMN * at} {y}v{_ROW_HEIGHT}" for at in sorted(columns)
    )
    yield f'<path class="{name}" d="{path}"/>'


def _events(line: Timeline) -> Iterator[str]:
    for mark in line.marks:
        x = _LEFT + _COLUMN * mark.column
        yield f'<path d="M{x} 0V{_EVENTS_Y - 12}"/>'
        yield f'<text x="{x}" y="{_EVENTS_Y}" class="mid">{mark.letter}</text>'
    for tick in line.ticks:
        x = _LEFT + _COLUMN * tick.column
        text = f"{tick.seconds:g} s"
        yield f'<text x="{x}" y="{_AXIS_Y}" class="mid">{text}</text>'


def _text(text: str) -> str:
    return escape(printable(text))
