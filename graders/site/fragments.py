"""Fragments of text with their source, and problems found in them.

A page of the site is put together from fragments of files. A problem is
reported with the file and line that an author can open.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from graders.course.walkthrough import shown
from graders.errors import one_line

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Fragment:
    """Markdown from `place`, whose `line` is the first of `text`.

    A generated fragment has no place. In a `template` the names in {{ }}
    are the plan's.
    """

    text: str
    place: str = ""
    line: int = 1
    template: bool = False

    @property
    def folder(self) -> PurePosixPath:
        """The folder that links of this fragment are relative to."""
        return PurePosixPath(self.place).parent


@dataclass(frozen=True)
class GeneratedPage:
    """A page that is in no file: its address, title and fragments."""

    uri: str
    title: str
    pieces: tuple[Fragment, ...]


@dataclass
class Diagnostics:
    """Collects all problems, so that one build reports every one."""

    problems: list[str] = field(default_factory=list)

    def add(self, place: str, line: int, problem: str) -> None:
        """Add one problem; `line` 0 is about the file as a whole."""
        at = f"{place}:{line}" if line else place
        text = f"{at}: {one_line(problem)}"
        if text not in self.problems:
            self.problems.append(text)


def read_piece(path: Path, *, template: bool = False) -> Fragment:
    """Return the whole of a file.

    Raises:
        OSError: it cannot be read.

    """
    text = path.read_text(encoding="utf-8")
    return Fragment(text, shown(path), template=template)


def after_title(piece: Fragment) -> Fragment:
    """Return the piece without its first heading."""
    lines = piece.text.split("\n")
    taken = next(
        (at for at, line in enumerate(lines, 1) if line.startswith("# ")), 0
    )
    rest = "\n".join(lines[taken:])
    return replace(piece, text=rest, line=piece.line + taken)
