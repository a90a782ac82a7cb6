"""Rows of docs/bench.json are drawn as charts."""

from __future__ import annotations

import datetime as dt
import re
from xml.etree import ElementTree as ET

from graders.proof.bench import Figure, load_figures
from graders.site.charts import charts


def _row(
    name: str, *values: float, wanted: str = "<= 10 s", unit: str = "s"
) -> Figure:
    return Figure(
        name=name,
        wanted=wanted,
        unit=unit,
        values=list(values),
        date=dt.date(2026, 11, 29),
        machine="2 cores",
    )


def _titles(html: str) -> list[str]:
    return re.findall("<strong>(.*?)</strong>", html)


def test_all_charts_of_the_repository() -> None:
    """Each is one well-formed figure with a label for screen readers."""
    html = charts(load_figures())

    figures = ET.fromstring(html).findall("figure")  # noqa: S314 - our own
    assert {"Cold start", "Start a lab", "Grade", "Reset a lab"} <= {
        *_titles(html)
    }
    for figure in figures:
        (svg,) = figure.findall("{http://www.w3.org/2000/svg}svg")
        assert svg.get("role") == "img"
        assert re.search(r": \d", svg.get("aria-label", ""))
    assert "\n\n" not in html, "Markdown would end the HTML there"


def test_colours_and_letters_are_the_page_s() -> None:
    """So that charts can be read in light and in dark colours."""
    html = charts([_row("reset, lab-1", 4), _row("reset, lab-2", 5)])

    assert not re.search("#[0-9a-f]{6}", html)
    assert "var(--md-default-fg-color)" in html
    assert "var(--kit-chart)" in html
    assert "DejaVu" not in html
    assert ">lab-2<" in html, "text stays text"


def test_an_id_is_on_a_page_once() -> None:
    """Matplotlib gives every picture the same names."""
    ids = re.findall(r' id="([^"]+)"', charts(load_figures()))

    assert len(ids) == len(set(ids))


def test_labels_have_the_numbers() -> None:
    """A chart's text alternative lists medians, by lab."""
    html = charts(
        [
            _row("grade, lab-2 broken, every variant", 8, 9, 7),
            _row("grade, lab-1 solved", 3),
            _row("usual checker: grade, lab-1", 12, wanted="reference"),
        ]
    )

    assert (
        'aria-label="Grade. lab-1 solved: 3.0 s; lab-1 usual checker: 12.0 s;'
        ' lab-2 broken: 8.0 s."' in html
    )
    assert "var(--kit-line)" in html


def test_wrong_verdicts() -> None:
    """They are counted, and drawn in another colour if there are any."""
    right = _row("wrong verdicts, lab-1", 0, unit="of 20")
    wrong = _row("usual checker: wrong verdicts, lab-1", 7, unit="of 30")

    assert "lab-1: 0 of 20 wrong." in charts([right])
    assert "var(--kit-bad)" not in charts([right])
    assert "lab-1 usual checker: 7 of 30 wrong" in charts([right, wrong])
    assert "var(--kit-bad)" in charts([right, wrong])


def test_steps_of_a_cold_start() -> None:
    """They are drawn in their order."""
    html = charts([_row("cold start: b", 2), _row("cold start: a", 1, 3)])

    assert "spends its time on. b: 2.0 s; a: 2.0 s." in html


def test_nothing_measured() -> None:
    """There is no chart without a row."""
    assert not charts([])
    assert not charts([_row("something else", 1)])
