"""Labelled paragraphs for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from typing import Final

WIDTH: Final = 80
LABEL: Final = 14


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
