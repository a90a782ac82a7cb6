"""Leave out of the theme's stylesheets what no page of the site can use.

They have rules for twenty colours, of which mkdocs.yml chooses one, and for
languages that are written from right to left.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_RULE: Final = re.compile(r"(?P<selectors>[^{}]*)\{[^{}]*\}")
_COMMA: Final = re.compile(r",(?![^(]*\))")
_COLOUR: Final = re.compile(r"\[data-md-color-(?:primary|accent)=([a-z-]+)\]")
_RIGHT_TO_LEFT: Final = "[dir=rtl]"


def slim_files(folder: Path, colours: Collection[str]) -> None:
    """Rewrite the stylesheets of a folder; the palette has these colours."""
    for file in folder.glob("*.css"):
        css = file.read_text(encoding="utf-8")
        file.write_text(slim(css, colours), encoding="utf-8")


def slim(css: str, colours: Collection[str]) -> str:
    """Return a stylesheet without rules that match nothing."""

    def kept(rule: re.Match[str]) -> str:
        selectors = _COMMA.split(rule["selectors"])
        unused = all(_is_unused(one, colours) for one in selectors)
        return "" if unused else rule[0]

    return _RULE.sub(kept, css)


def _is_unused(selector: str, colours: Collection[str]) -> bool:
    if ":not(" in selector:
        return False
    named = _COLOUR.search(selector)
    other = named is not None and named[1] not in colours
    return other or _RIGHT_TO_LEFT in selector
