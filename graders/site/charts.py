"""Draw the charts of docs/bench.md from the rows of docs/bench.json.

Colours are CSS variables and letters are the page's own, so a chart takes part
in the switch between light and dark.
"""

from __future__ import annotations

import io
import re
import statistics
import textwrap
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from matplotlib import rc_context
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from graders.proof import bench

# matplotlib knows no CSS: each of these becomes a variable of the page.
_TEXT, _KIT, _OTHER, _GOOD, _BAD = (f"#{at:06x}" for at in range(1, 6))
_VARIABLES: Final = {
    _TEXT: "--md-default-fg-color",
    _KIT: "--kit-chart",
    _OTHER: "--kit-line",
    _GOOD: "--kit-good",
    _BAD: "--kit-bad",
}
_WIDTH_IN: Final = 3.6
_ROW_IN: Final = 0.2
_WRAPPED_ROW_IN: Final = 0.28
_FONT_PT: Final = 8.0
_LABEL_LENGTH: Final = 24
# What a chart leaves to the right of its longest bar, for its number.
_ROOM: Final = 1.35
_ID: Final = re.compile(r' id="([^"]+)"')
_UNSEEN: Final = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)
_REFERENCE: Final = re.compile(r'(?:url\(|href=")#([^)"]+)')
_MEDIANS: Final = "medians; the thin line ends at the worst"
_PHASE: Final = "cold start: "


@dataclass(frozen=True)
class Bar:
    """One bar, from `left` on, and the text at its end.

    A thin line goes on to `worst`.
    """

    label: str
    value: float
    text: str
    colour: str
    worst: float = 0
    left: float = 0


@dataclass(frozen=True)
class Chart:
    """A title, the bars under it, and the value of a dashed line."""

    title: str
    about: str
    bars: tuple[Bar, ...]
    limit: float = 0


def charts(rows: Sequence[bench.Figure]) -> str:
    """Return all charts for which there are rows, as HTML."""
    drawn = [figure(chart) for chart in _charts(rows) if chart.bars]
    return f'<div class="charts">{"".join(drawn)}</div>' if drawn else ""


def figure(chart: Chart) -> str:
    """Return one chart as HTML; its label lists the numbers."""
    numbers = [f"{bar.label}: {bar.text}" for bar in chart.bars if bar.text]
    label = escape(f"{chart.title}. {'; '.join(numbers)}.")
    svg = _svg(chart).replace(
        "<svg ", f'<svg role="img" aria-label="{label}" ', 1
    )
    return (
        f"<figure><figcaption><strong>{escape(chart.title)}</strong>:"
        f" {escape(chart.about)}</figcaption>{svg}</figure>"
    )


def _charts(rows: Sequence[bench.Figure]) -> Iterator[Chart]:
    yield Chart(
        "Cold start",
        f"{_MEDIANS}. Grey is what it is compared with.",
        tuple(_cold(rows)),
    )
    yield Chart(
        "What a cold start spends its time on",
        "from top to bottom; kind creates the cluster in the background of"
        " other steps.",
        tuple(_phases(rows)),
    )
    yield _timings(
        "Start a lab", rows, {"": r"make (lab-\d+) on a running cluster"}
    )
    yield _timings(
        "Grade",
        rows,
        {
            " broken": r"grade, (lab-\d+) broken, every variant",
            " solved": r"grade, (lab-\d+) solved",
            " usual checker": r"usual checker: grade, (lab-\d+)",
        },
    )
    yield _timings("Reset a lab", rows, {"": r"reset, (lab-\d+)"})
    verdicts = {
        "": r"wrong verdicts, (lab-\d+)",
        " repairs": r"kit, in the same run: wrong verdicts, (lab-\d+)",
        " usual checker": r"usual checker: wrong verdicts, (lab-\d+)",
    }
    yield Chart(
        "Verdicts",
        "a bar is all verdicts on labs that were broken or repaired; red is"
        " the part that was wrong.",
        tuple(_stacked(_by_lab(rows, verdicts, _counted))),
    )


def _timings(
    title: str, rows: Sequence[bench.Figure], patterns: dict[str, str]
) -> Chart:
    """Return a chart of seconds by lab, with the most that is wanted."""
    found = _by_lab(rows, patterns, _timed)
    grey = any(bar.colour == _OTHER for _, bar in found)
    compared = " Grey is a checker of the usual kind." if grey else ""
    return Chart(
        title,
        f"{_MEDIANS}, the dashed line is the most that is wanted.{compared}",
        tuple(bar for _, bar in found),
        max((_limit(row) for row, _ in found), default=0),
    )


def _cold(rows: Sequence[bench.Figure]) -> Iterator[Bar]:
    """Return whole starts, the kit's and those to compare with."""
    for pattern, label in (
        ("lab up, cold", "lab up"),
        ("bare kind create", "bare kind"),
        ("bare kind, MetalLB", "bare kind, MetalLB and FRR"),
        ("make lab-3, cold, in the same run", "lab start 3"),
        ("lab up on hosts", "lab up on hosts"),
    ):
        for row in rows:
            if row.name.startswith(pattern):
                yield _timed(row, label)


def _phases(rows: Sequence[bench.Figure]) -> Iterator[Bar]:
    """Return the steps of a cold start, each from the end of the last on."""
    left = 0.0
    for row in rows:
        if row.name.startswith(_PHASE):
            value = statistics.median(row.values)
            label = row.name.removeprefix(_PHASE)
            yield Bar(label, value, _seconds(value), _KIT, left=left)
            left += value


def _by_lab(
    rows: Sequence[bench.Figure],
    patterns: dict[str, str],
    bar: Callable[[bench.Figure, str], Bar],
) -> list[tuple[bench.Figure, Bar]]:
    """Return rows with their bars, by lab; a pattern's key ends its label."""
    found = [
        (row, bar(row, match[1] + suffix))
        for row in rows
        for suffix, pattern in patterns.items()
        if (match := re.fullmatch(pattern, row.name))
    ]
    return sorted(found, key=lambda pair: pair[1].label.split()[0])


def _timed(row: bench.Figure, label: str) -> Bar:
    value = statistics.median(row.values)
    colour = _OTHER if row.wanted == "reference" else _KIT
    return Bar(label, value, _seconds(value), colour, max(row.values))


def _counted(row: bench.Figure, label: str) -> Bar:
    total = row.unit.removeprefix("of ")
    wrong = f"{row.values[-1]:.0f}"
    text = f"{wrong} of {total} wrong"
    colour = _OTHER if row.wanted == "reference" else _GOOD
    return Bar(label, float(total), text, colour)


def _stacked(found: Iterable[tuple[bench.Figure, Bar]]) -> Iterator[Bar]:
    """Return each bar, and the part of it that was wrong in another colour."""
    for row, bar in found:
        yield bar
        if row.values[-1]:
            yield Bar(bar.label, row.values[-1], "", _BAD)


def _seconds(value: float) -> str:
    return f"{value:.1f} s"


def _limit(row: bench.Figure) -> float:
    """Return the seconds that are wanted at most, 0 if there are none."""
    match = re.fullmatch(r"<= ([\d.]+) s", row.wanted)
    return float(match[1]) if match else 0


def _svg(chart: Chart) -> str:
    """Return the chart as SVG for a page, on one line."""
    labels = list(dict.fromkeys(bar.label for bar in chart.bars))
    shown = ["\n".join(textwrap.wrap(it, _LABEL_LENGTH)) for it in labels]
    row = _WRAPPED_ROW_IN if "\n" in "".join(shown) else _ROW_IN
    with rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": chart.title,
            "font.size": _FONT_PT,
            "text.color": _TEXT,
            "ytick.color": _TEXT,
        }
    ):
        size = (_WIDTH_IN, 0.15 + row * len(labels))
        picture = Figure(size, layout="constrained")
        axes = picture.add_subplot(frame_on=False)
        axes.xaxis.set_visible(False)
        axes.set_yticks(range(len(labels)), shown)
        axes.tick_params(length=0)
        axes.invert_yaxis()
        for bar in chart.bars:
            y = labels.index(bar.label)
            end = max(bar.left + bar.value, bar.worst)
            axes.barh(y, bar.value, 0.6, bar.left, color=bar.colour)
            axes.hlines(y, bar.left, end, color=bar.colour, linewidth=1)
            axes.annotate(
                bar.text,
                (end, y),
                xytext=(3, 0),
                textcoords="offset points",
                va="center",
            )
        if chart.limit:
            axes.axvline(chart.limit, color=_TEXT, ls="--", lw=0.8)
        axes.set_xlim(0, _ROOM * max(axes.dataLim.x1, chart.limit / _ROOM))
        file = io.StringIO()
        picture.savefig(
            file, format="svg", transparent=True, metadata={"Date": None}
        )
    return _for_page(file.getvalue())


def _for_page(svg: str) -> str:
    """Return matplotlib's SVG with the page's colours, letters and ids."""
    svg = svg[svg.index("<svg ") :]
    svg = re.sub(
        r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL
    )
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    svg = re.sub(r"font-family: [^;]+; ", "", svg)
    used = set(_REFERENCE.findall(svg))
    svg = _ID.sub(lambda it: it[0] if it[1] in used else "", svg)
    return " ".join(svg.split())
