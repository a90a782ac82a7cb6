"""The brief in short, on one screen, as `lab start` shows it.

It is taken from the brief: the story, what is wanted, the words in bold of
what must stay as it is, and the first commands.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Final

from graders.course.entries import LABEL, WIDTH, entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.course.lab import Lab

# Lines of a terminal without that of the shell's prompt.
ROWS: Final = 23
STORY: Final = "The story"
WANTED: Final = "What is wanted"
KEEP: Final = "What must stay as it is, and why"
COMMANDS: Final = "Commands worth typing"
SHELL: Final = ".venv/bin/lab shell"
# With the shell they are three.
_COMMANDS: Final = 2
_BOLD: Final = re.compile(r"^- \*\*(.+?)\*\*", re.MULTILINE)
_FENCE: Final = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_READ_ON: Final = (
    ".venv/bin/lab brief: addresses, limits and why, how it is graded"
)
_THEN: Final = (
    ".venv/bin/grade, .venv/bin/lab hint, .venv/bin/lab watch (live)"
)


def first_screen(lab: Lab, brief: str, student: str) -> list[str]:
    """Return the lines; `brief` is the lab's, with the student's numbers."""
    head = f"Lab {lab.number}: {lab.title}"
    right = f"student {student}, {lab.minutes} minutes"
    gap = max(WIDTH - len(head) - len(right), 2)
    return [
        f"{head}{' ' * gap}{right}",
        "",
        *textwrap.wrap(_plain(_section(brief, STORY)), WIDTH),
        "",
        *entry("Wanted", _plain(_section(brief, WANTED))),
        *entry("Keep as it is", _plain(" ".join(_kept(brief)))),
        *_commands(brief),
        *entry("Read on", _READ_ON),
        *entry("Then", _THEN),
    ]


def _section(brief: str, title: str) -> str:
    """Return what is below a heading, "" without it."""
    _, _, rest = f"\n{brief}".partition(f"\n## {title}\n")
    return rest.partition("\n## ")[0]


def _kept(brief: str) -> Iterator[str]:
    for rule in _BOLD.findall(_section(brief, KEEP)):
        yield rule if rule.endswith(".") else f"{rule}."


def _commands(brief: str) -> Iterator[str]:
    """Yield commands; they are not wrapped, so that they can be copied."""
    block = _FENCE.search(_section(brief, COMMANDS) or brief)
    lines = block[1].splitlines()[:_COMMANDS] if block else []
    label = "Begin with"
    for command in (SHELL, *lines):
        yield f"{label:{LABEL}}{command}"
        label = ""


def _plain(markdown: str) -> str:
    """Return one paragraph without Markdown's marks."""
    return " ".join(re.sub(r"`|\*\*", "", markdown).split())
