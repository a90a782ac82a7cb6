"""The table of docs/bench.md, from the figures in docs/bench.json."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Final

from graders.errors import UsageError
from graders.proof import bench

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from graders.proof.bench import Figure
    from graders.site.diagnostics import Diagnostics

URI: Final = "bench.md"
MARK: Final = "<!-- figures -->"
_HEAD: Final = """\
| what | n | median | worst | wanted | measured |
|---|---|---|---|---|---|"""


def with_figures(text: str, problems: Diagnostics) -> str:
    """Return the page's Markdown with the table in its place."""
    if MARK not in text:
        problems.add(f"docs/{URI}", 0, f"{MARK} must be where the table is")
    try:
        found = bench.load_figures(bench.FILE)
    except UsageError as error:
        problems.found.extend(error.problems)
        return text
    return text.replace(MARK, table(found))


def table(rows: Sequence[Figure]) -> str:
    """Return one table in Markdown for each machine."""
    return "\n".join(_tables(rows)) or "Nothing has been measured yet."


def _tables(rows: Sequence[Figure]) -> Iterator[str]:
    for machine in dict.fromkeys(one.machine for one in rows):
        yield f"On a machine with {machine}:\n\n{_HEAD}"
        yield from (_row(one) for one in rows if one.machine == machine)
        yield ""


def _row(one: Figure) -> str:
    middle = _said(one, statistics.median(one.values))
    worst = _said(one, max(one.values))
    day = one.date.isoformat()
    return (
        f"| {one.name} | {len(one.values)} | {middle} | {worst}"
        f' | {one.wanted} | <time datetime="{day}">{day}</time> |'
    )


def _said(one: Figure, value: float) -> str:
    whole = all(each.is_integer() for each in one.values)
    return f"{value:.{0 if whole else 1}f} {one.unit}"
