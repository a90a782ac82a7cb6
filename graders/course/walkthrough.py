"""Solutions as walkthroughs: markdown whose shell blocks are typed.

Front matter says what a repair is for; fenced blocks named after a place
(`shell`, `router`, `client` ...) are what is typed there. Everything else,
other fences too, is prose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import jinja2
import yaml

from graders.course.templates import error_line, render
from graders.errors import MALFORMED, UsageError, one_line
from graders.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PLACES: Final = (
    "shell",
    "router",
    "vtysh",
    "client",
    "lan-client",
    "dhcp",
    "desk",
    "control-plane",
    "worker",
    "worker2",
)
MAY_FAIL: Final = "may-fail"

# What is typed may have a fence in it, so a longer one ends later.
_FENCE: Final = re.compile(r"^(?P<indent>\s*)(?P<mark>`{3,})(?P<info>[^`]*)$")
_KEYS: Final = ("variant", "refused-by", "found-by")


@dataclass(frozen=True)
class Block:
    """One fenced block: the lines to type at one place."""

    place: str
    lines: tuple[str, ...]
    where: str
    """File and line of the first line to type."""
    first: int
    may_fail: bool = False

    def at(self, index: int) -> str:
        """Return file and line of the block's `index`-th line."""
        return f"{self.where}:{self.first + index}"


@dataclass(frozen=True)
class FrontMatter:
    """What the front matter says; empty where it says nothing."""

    variant: str = ""
    refused_by: str = ""
    found_by: tuple[str, ...] = ()
    """The fewest commands that show the fault, as they are typed."""


@dataclass(frozen=True)
class Walkthrough:
    """One file of solutions/, ready to be typed."""

    path: Path
    head: FrontMatter
    blocks: tuple[Block, ...]


def read_walkthrough(path: Path, values: Mapping[str, Any]) -> Walkthrough:
    """Read a walkthrough with the plan's `values` filled in.

    Raises:
        UsageError: the file cannot be read, or breaks a rule of the format.

    """
    head, body, before = _parts(path)
    try:
        text = render(body, values)
    except jinja2.TemplateError as error:
        line = before + error_line(error)
        raise UsageError(
            f"{shown(path)}:{line}: names in {{{{ }}}} must be the plan's:"
            f" {error}",
            remedy="see graders/plan/plan.py for the names",
        ) from None
    blocks = tuple(_blocks(shown(path), text, before))
    if not blocks:
        raise UsageError(
            f"{shown(path)}: a walkthrough must have a ```shell block",
            remedy="write down what is to be typed",
        )
    return Walkthrough(path, head, blocks)


def read_head(path: Path) -> FrontMatter:
    """Read the front matter alone.

    Raises:
        UsageError: the file cannot be read, or breaks a rule of the format.

    """
    return _parts(path)[0]


def has_blocks(path: Path) -> bool:
    """Say whether anything is there to be typed, whatever the plan.

    Raises:
        UsageError: the file cannot be read, or breaks a rule of the format.

    """
    _, body, before = _parts(path)
    return any(True for _ in _blocks(shown(path), body, before))


def read_text(path: Path, values: Mapping[str, Any]) -> str:
    """Return a walkthrough's Markdown with the plan's `values` filled in.

    Raises:
        UsageError: the file cannot be read, or breaks a rule of the format.
        TemplateError: it uses an unknown name.

    """
    return render(_parts(path)[1], values)


def typed_lines(path: Path) -> dict[str, str]:
    """Return the place of each line that is typed, whatever the plan.

    Raises:
        UsageError: the file cannot be read, or breaks a rule of the format.

    """
    _, body, before = _parts(path)
    return {
        line: block.place
        for block in _blocks(shown(path), body, before)
        for line in block.lines
    }


def typed_blocks(text: str, where: str) -> tuple[Block, ...]:
    """Return the blocks of a text that is no template, as a stranger's.

    Raises:
        UsageError: a block is not closed, or has unknown words.

    """
    return tuple(_blocks(where, text, 0))


def shown(path: Path) -> str:
    """Return the path as errors show it: from the repository's root."""
    resolved = path.resolve()
    if resolved.is_relative_to(ROOT):
        return resolved.relative_to(ROOT).as_posix()
    return path.as_posix()


def _parts(path: Path) -> tuple[FrontMatter, str, int]:
    """Split into front matter, body and how many lines come before it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"could not read {shown(path)}: {error}") from None
    if not text.startswith("---\n"):
        return FrontMatter(), text, 0
    front, mark, body = text[4:].partition("\n---\n")
    if not mark:
        raise UsageError(
            f"{shown(path)}: the front matter must end in a line ---"
        )
    return _head(path, front), body, front.count("\n") + 3


def _head(path: Path, front: str) -> FrontMatter:
    try:
        found = yaml.safe_load(front)
    except (*MALFORMED, yaml.YAMLError) as error:
        text = one_line(str(error), 200)
        raise UsageError(
            f"{shown(path)}: the front matter must be YAML: {text}"
        ) from None
    keys = found if isinstance(found, dict) else {"": ""}
    unknown = sorted(str(key) for key in keys if key not in _KEYS)
    if unknown:
        raise UsageError(
            f"{shown(path)}: the front matter must be one of"
            f" {', '.join(_KEYS)}, not {', '.join(unknown)!r}"
        )
    variant, refused_by, found_by = (str(keys.get(key) or "") for key in _KEYS)
    return FrontMatter(variant, refused_by, tuple(found_by.splitlines()))


def _blocks(where: str, text: str, before: int) -> Iterator[Block]:
    """Find the fenced blocks that are to be typed."""
    lines = enumerate(text.splitlines(), start=before + 1)
    for number, line in lines:
        fence = _FENCE.match(line)
        if not fence:
            continue
        typed: list[str] = []
        for _, inner in lines:
            if inner.strip() == fence["mark"]:
                break
            typed.append(inner.removeprefix(fence["indent"]))
        else:
            raise UsageError(f"{where}:{number}: a ``` block must be closed")
        place, *words = fence["info"].split() or [""]
        if place not in PLACES:
            continue
        if words not in ([], [MAY_FAIL]):
            raise UsageError(
                f"{where}:{number}: after ```{place} may come only"
                f" {MAY_FAIL}, not {' '.join(words)!r}"
            )
        yield Block(place, tuple(typed), where, number + 1, bool(words))
