"""Headings and labelled paragraphs for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from graders.course.overview import LabOverview

WIDTH: Final = 80
LABEL: Final = 14
# The indent of what is below a heading.
UNDER: Final = " " * 4


def entry(label: str, text: str, under: int = 0) -> list[str]:
    """Return lines with the label on the left of the first one.

    Those that follow are indented by `under` more. Commands stay whole.
    """
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"{label:{LABEL}}",
        subsequent_indent=" " * (LABEL + under),
        break_long_words=False,
        break_on_hyphens=False,
    )


def lab_heading(lab: LabOverview, right: str) -> str:
    """Return number and title of a lab, with `right` at the right edge."""
    room = WIDTH - len(UNDER) - len(right) - 1
    title = textwrap.shorten(lab.title, room, placeholder="...")
    return f"{lab.number:<3} {title:<{room}} {right}".rstrip()
