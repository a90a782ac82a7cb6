"""Fenced blocks: what stands after the three backquotes, and what is shown.

A block's first word is a language, or the place at which it is typed; the
others are the kit's own marks. Markdown for the site knows only languages,
so the rest is written as classes and titles.
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
# What a place is written as, where its own name is no language.
_LEXERS: Final = {"vtysh": "text", "shell": "shell"}
_TITLES: Final = {RUNNABLE: "type this", OUTPUT: "what you see"}


def fences_of(text: str) -> Iterator[tuple[int, list[str], int]]:
    """Yield each block: line of its fence, words after it, line of its end.

    Lines count from 1; the end is 0 for a block that is never closed.
    """
    lines = enumerate(text.split("\n"), start=1)
    for number, line in lines:
        fence = FENCE.match(line)
        if not fence:
            continue
        end = next(
            (at for at, one in lines if one.strip() == fence["mark"]), 0
        )
        yield number, fence["info"].split(), end


def outside(text: str) -> Iterator[tuple[int, str]]:
    """Yield line number and text of all that is in no fenced block."""
    inside: set[int] = set()
    lines = text.split("\n")
    for begin, _, end in fences_of(text):
        inside.update(range(begin, (end or len(lines)) + 1))
    for number, line in enumerate(lines, start=1):
        if number not in inside:
            yield number, line


def for_site(piece: Fragment, problems: Diagnostics) -> str:
    """Return the piece's text with fences as the site's Markdown wants."""
    lines = piece.text.split("\n")
    for begin, words, end in fences_of(piece.text):
        at = piece.line + begin - 1
        if not end:
            problems.add(piece.place, at, "a ``` block must be closed")
        if words[:1] and words[0].startswith("{"):
            continue
        language, *marks = words or ["text"]
        odd = [one for one in marks if one not in _MARKS.get(language, ())]
        if odd:
            known = ", ".join(_MARKS.get(language, ())) or "nothing"
            problems.add(
                piece.place,
                at,
                f"after ```{language} may come only {known}, not {odd[0]!r}",
            )
        fence = FENCE.match(lines[begin - 1])
        if fence:
            head = _head(language, marks)
            lines[begin - 1] = f"{fence['indent']}{fence['mark']} {head}"
    return "\n".join(lines)


def _head(language: str, marks: list[str]) -> str:
    lexer = language
    title = next((_TITLES[one] for one in marks if one in _TITLES), "")
    if language in PLACES:
        lexer = _LEXERS.get(language, "console")
        title = title if language == "shell" else f"on {_seat(language)}"
    classes = "".join(f" .{one}" for one in (lexer, *marks))
    named = f' title="{title}"' if title else ""
    return f"{{{classes}{named} }}"


def _seat(place: str) -> str:
    return "the router, in vtysh" if place == "vtysh" else place
