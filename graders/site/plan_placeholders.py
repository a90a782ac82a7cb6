"""The plan's numbers in a page: demo's, until the reader gives a name.

In Markdown, each `{{ pool }}` is a placeholder word that survives code
blocks. In HTML, the word becomes an element that names its number of the
plan; `docs/assets/plan.js` fills in the numbers of another student.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any, Final

import jinja2

from graders.course.templates import error_line, render, vocabulary
from graders.plan.plan import make_plan
from graders.settings import KIND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.plan.plan import Plan
    from graders.site.fragments import Diagnostics, Fragment

_NAME: Final = re.compile(
    r"\{\{\s*([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*|\['[a-z0-9-]+'\])*)\s*\}\}"
)
_WORD: Final = re.compile(r"zqplan(\d+)qz")
# Lines that cannot have elements: headings, and texts for pictures.
_PLAIN: Final = re.compile(r"^(#{1,6} |!\[)")


def numbered(piece: Fragment, problems: Diagnostics) -> str:
    """Return the text with a placeholder for each number of the plan.

    Expressions, such as a sum, become demo's value.
    """
    lines = piece.text.split("\n")
    text = "\n".join(
        line if _PLAIN.match(line) else _NAME.sub(_word, line)
        for line in lines
    )
    try:
        return render(text, _values())
    except jinja2.TemplateError as error:
        problems.add(
            piece.place,
            piece.line + error_line(error) - 1,
            "names in {{ }} must be the plan's (graders/plan/plan.py):"
            f" {error}",
        )
        return text


def in_picture(path: str) -> str:
    """Return a number of the plan for an SVG, which a page can change."""
    return f'<tspan data-plan="{path}">{leaves()[path]}</tspan>'


def with_elements(html: str) -> str:
    """Return HTML with an element for each placeholder of `numbered`."""
    return _WORD.sub(_element, html)


@cache
def leaves() -> dict[str, str]:
    """Return demo's numbers as text, by path: `machines.router.lan`."""
    return dict(leaves_of(make_plan()))


def leaves_of(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the path of each number of a plan, and the number as text."""
    return _leaves("", plan.as_vars())


@cache
def _paths() -> tuple[str, ...]:
    return tuple(leaves())


@cache
def _values() -> dict[str, Any]:
    # The site has the briefs of labs on the reader's own computer. Their
    # phrases have numbers of the plan, too.
    values = make_plan().as_vars()
    return values | vocabulary(KIND, _placeholders("", values))


def _placeholders(path: str, value: dict[str, Any]) -> dict[str, Any]:
    """Return the plan with a placeholder for each number."""
    return {
        key: _placeholders(f"{path}{key}.", inner)
        if isinstance(inner, dict)
        else _placeholder(path + key)
        for key, inner in value.items()
    }


def _leaves(path: str, value: object) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, str(value)
        return
    for key, inner in value.items():
        yield from _leaves(f"{path}.{key}" if path else key, inner)


def _word(found: re.Match[str]) -> str:
    path = re.sub(r"\['([a-z0-9-]+)'\]", r".\1", found[1])
    if path not in leaves():
        return found[0]
    return _placeholder(path)


def _placeholder(path: str) -> str:
    return f"zqplan{_paths().index(path)}qz"


def _element(found: re.Match[str]) -> str:
    path = _paths()[int(found[1])]
    return f'<span data-plan="{path}">{escape(leaves()[path])}</span>'
