"""Leave out of the theme's stylesheets what no page of the site can use.

They have rules for twenty colours, of which mkdocs.yml chooses one, for
languages that are written from right to left, and for parts that no page has,
such as tabs, versions and comments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_RULE: Final = re.compile(r"(?P<selectors>[^{}]*)\{[^{}]*\}")
_COMMA: Final = re.compile(r",(?![^(]*\))")
_COLOUR: Final = re.compile(r"\[data-md-color-(?:primary|accent)=([a-z-]+)\]")
_RIGHT_TO_LEFT: Final = "[dir=rtl]"
_CLASS: Final = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
# Parts of a selector that name no class, or one of several.
_NO_CLASS: Final = re.compile(r"\(.*\)|\[[^]]*\]")
_WORD: Final = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class Usage:
    """The palette's colours, and all words of pages and scripts."""

    colours: Collection[str]
    words: set[str]


def words(site: Path) -> set[str]:
    """Return all words of the pages and scripts below a folder.

    The names of all classes that an element can have are among them, at least
    up to two dashes.
    """
    return {
        word
        for kind in ("*.html", "*.js")
        for file in site.rglob(kind)
        for word in _WORD.findall(file.read_text(encoding="utf-8"))
    }


def slim_files(folder: Path, usage: Usage) -> None:
    """Rewrite the stylesheets of a folder."""
    for file in folder.glob("*.css"):
        css = file.read_text(encoding="utf-8")
        file.write_text(slim(css, usage), encoding="utf-8")


def slim(css: str, usage: Usage) -> str:
    """Return a stylesheet without rules that match nothing."""

    def kept(rule: re.Match[str]) -> str:
        selectors = _COMMA.split(rule["selectors"])
        unused = all(_is_unused(one, usage) for one in selectors)
        return "" if unused else rule[0]

    return _RULE.sub(kept, css)


def _is_unused(selector: str, usage: Usage) -> bool:
    if ":not(" in selector or "\\" in selector:
        return False
    named = _COLOUR.search(selector)
    if named and named[1] not in usage.colours:
        return True
    classes = _CLASS.findall(_NO_CLASS.sub("", selector))
    return _RIGHT_TO_LEFT in selector or any(
        # Scripts put together what comes after the dashes, as in md-tag--new.
        usage.words.isdisjoint({name, name.partition("--")[0]})
        for name in classes
    )
