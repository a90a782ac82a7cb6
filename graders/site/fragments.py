"""Pieces of text and where each of them comes from.

A page of the site is put together from pieces of files. A problem is told
with the file and line that an author can open, whatever page it is on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from graders.course.walkthrough import shown

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Fragment:
    """Markdown from `place`, whose `line` is the first of `text`.

    A piece that was made and not written has no place. In a `template`
    the names in {{ }} are the plan's.
    """

    text: str
    place: str = ""
    line: int = 1
    template: bool = False

    @property
    def folder(self) -> PurePosixPath:
        """The folder that links of this piece are relative to."""
        return PurePosixPath(self.place).parent


@dataclass(frozen=True)
class GeneratedPage:
    """A page that is in no file: its address, title and pieces."""

    uri: str
    title: str
    pieces: tuple[Fragment, ...]


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
