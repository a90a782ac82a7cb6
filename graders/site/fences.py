"""Fenced blocks of the kit, and how the site shows them.

A block's first word is a language, or the place where it is typed; the
others are marks of the kit. The site's Markdown only knows languages, so
places and marks become classes and titles.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from graders.course.walkthrough import MAY_FAIL, PLACES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.site.fragments import Diagnostics, Fragment

RUNNABLE: Final = "runnable"
OUTPUT: Final = "output"

FENCE: Final = re.compile(r"^(?P<indent>\s*)(?P<mark>```+)(?P<info>[^`]*)$")
_MARKS: Final = {
    **dict.fromkeys(PLACES, (MAY_FAIL,)),
    "shell": (RUNNABLE, MAY_FAIL),
    "text": (OUTPUT,),
}
# The language of a place whose name is not a language.
_LEXERS: Final = {"vtysh": "text", "shell": "shell"}
_TITLES: Final = {RUNNABLE: "type this", OUTPUT: "what you see"}


def fences_of(text: str) -> Iterator[tuple[int, list[str], int]]:
    """Yield each block: line of its fence, words after it, line of its end.

    Lines count from 1; the end is 0 for a block that is not closed.
    """
    lines = enumerate(text.split("\n"), start=1)
    for number, line in lines:
        fence = FENCE.match(line)
        if not fence:
            continue
        end = next(
            (at for at, text in lines if text.strip() == fence["mark"]), 0
        )
        yield number, fence["info"].split(), end


def outside(text: str) -> Iterator[tuple[int, str]]:
    """Yield number and text of each line outside of fenced blocks."""
    inside: set[int] = set()
    lines = text.split("\n")
    for begin, _, end in fences_of(text):
        inside.update(range(begin, (end or len(lines)) + 1))
    for number, line in enumerate(lines, start=1):
        if number not in inside:
            yield number, line


def for_site(piece: Fragment, problems: Diagnostics) -> str:
    """Return the fragment's text with fences for the site's Markdown."""
    lines = piece.text.split("\n")
    for begin, words, end in fences_of(piece.text):
        at = piece.line + begin - 1
        if not end:
            problems.add(piece.place, at, "a ``` block must be closed")
        if words[:1] and words[0].startswith("{"):
            continue
        language, *marks = words or ["text"]
        known_marks = _MARKS.get(language, ())
        unknown = [mark for mark in marks if mark not in known_marks]
        if unknown:
            known = ", ".join(known_marks) or "nothing"
            problems.add(
                piece.place,
                at,
                f"after ```{language} may come only {known},"
                f" not {unknown[0]!r}",
            )
        fence = FENCE.match(lines[begin - 1])
        if fence:
            head = _head(language, marks)
            lines[begin - 1] = f"{fence['indent']}{fence['mark']} {head}"
    return "\n".join(lines)


def _head(language: str, marks: list[str]) -> str:
    lexer = language
    title = next((_TITLES[mark] for mark in marks if mark in _TITLES), "")
    if language in PLACES:
        lexer = _LEXERS.get(language, "console")
        title = title if language == "shell" else f"on {_machine(language)}"
    classes = "".join(f" .{name}" for name in (lexer, *marks))
    attribute = f' title="{title}"' if title else ""
    return f"{{{classes}{attribute} }}"


def _machine(place: str) -> str:
    return "the router, in vtysh" if place == "vtysh" else place
