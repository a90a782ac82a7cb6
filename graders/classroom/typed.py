"""What was typed, as a walkthrough to be read, edited and typed again."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Final

from graders.course.walkthrough import MAY_FAIL
from graders.lifecycle.record import VTYSH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graders.lifecycle.record import Typed

# bash reports Ctrl-C like this.
_CTRL_C: Final = 130
_ENDS: Final = re.compile(r"^\s*(exit|logout)(\s+\d+)?\s*")
# Leaves a level of configuration, or vtysh itself.
_VTYSH_ENDS: Final = frozenset({"exit", "quit", "end", "q"})
_OF_THE_KIT: Final = re.compile(r"^\s*(\S*/)?(lab|grade|make)(\s|$)")
# What ends only when a person says so.
_NEEDS_A_PERSON: Final = re.compile(
    r"""^\s*(sudo\s+)?(\S*/)?(
      (vim?|nvim|nano|emacs|less|more|man|top|htop|watch|ssh|tmux|k9s)(\s|$)
      |(bash|sh|zsh|vtysh|python3?)\s*$
      |(k|kubectl)\s(.*\s)?(edit|attach)\s
      |(k|kubectl)\s(.*\s)?get\s.*(-w|--watch)(\s|$)
      |(k|kubectl)\s(.*\s)?exec\s.*--\s+(\S*/)?(ba|z)?sh\s*$
      |(k|kubectl)\s(.*\s)?logs\s(.*\s)?(-f|--follow)(\s|$)
      |tail\s(.*\s)?(-f|-F)\s
    )""",
    re.VERBOSE,
)
_HEADING: Final = """\
# What was typed in {lab}

Recorded by `lab shell`, without output.
A block is typed again where its first word says; all other text is for people.
"""


def walkthrough(lab: str, typed: Iterable[Typed]) -> str:
    """Return the Markdown of what was typed."""
    parts = [_HEADING.format(lab=lab)]
    for (place, reason), same in groupby(typed, _kind):
        lines = [line for one in same for line in _lines(one)]
        if not lines:
            continue
        if reason:
            parts.append(f"Not to be typed again at {place}: {reason}.\n")
        info = "text" if reason else f"{place} {MAY_FAIL}"
        parts.append(_block(info, lines))
    return "\n".join(parts)


def _kind(one: Typed) -> tuple[str, str]:
    """Return place, and why a command is not typed again, "" if it is."""
    if one.place == VTYSH:
        return one.place, ""
    if one.status == _CTRL_C:
        return one.place, "Ctrl-C ended it"
    if _OF_THE_KIT.match(one.text):
        return one.place, "it is a command of the kit"
    if _NEEDS_A_PERSON.match(one.text):
        return one.place, "it needs a person"
    return one.place, ""


def _lines(one: Typed) -> list[str]:
    """Return the lines to type; none for the end of a shell."""
    lines = one.text.split("\n")
    if one.place != VTYSH:
        # A session of vtysh has a record of its own.
        ends = _ENDS.fullmatch(one.text) or one.text.strip() == VTYSH
        return [] if ends else lines
    while lines and lines[-1].strip() in {*_VTYSH_ENDS, ""}:
        lines.pop()
    return [*lines, "end"] if lines else []


def _block(info: str, lines: list[str]) -> str:
    """Return a fenced block; a longer fence if there is one in its lines."""
    inside = [len(line.strip()) for line in lines if not line.strip(" `")]
    mark = "`" * max(3, *(length + 1 for length in inside), 0)
    return "\n".join([f"{mark}{info}", *lines, mark, ""])
