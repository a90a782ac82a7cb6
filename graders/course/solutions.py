"""The files of solutions/: which repairs a variant has, and their mistakes.

solutions/<lab>/<variant>.md    the repair of a variant
solutions/<lab>/wrong/*.md      repairs that a check must refuse
solutions/<lab>/other/*.md      other repairs that must pass
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from graders import settings
from graders.course.walkthrough import (
    FrontMatter,
    has_blocks,
    read_head,
    shown,
    typed_lines,
)
from graders.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_WRONG: Final = "wrong"
_OTHER: Final = "other"
# A colleague would not type more; the walkthrough may.
MOST_COMMANDS: Final = 4

# A key of the front matter, "" for the whole file, and what is wrong.
_Problem: TypeAlias = tuple[str, str]


class VariantLike(Protocol):
    """What is needed here of a variant in lab.yml."""

    @property
    def breaks(self) -> str:
        """The check that fails as shipped."""

    @property
    def layer(self) -> str:
        """The layer that is broken as shipped."""


class LabLike(Protocol):
    """What is needed here of a lab."""

    @property
    def id(self) -> str:
        """The name of the lab's folder."""

    @property
    def checks(self) -> Mapping[str, int]:
        """Points by check."""

    @property
    def variants(self) -> Mapping[str, VariantLike]:
        """Fault variants by name."""


@dataclass(frozen=True)
class WrongRepair:
    """A repair that must be refused, and by which of these checks."""

    path: Path
    refused_by: tuple[str, ...]


@dataclass(frozen=True)
class Repairs:
    """All walkthroughs for one variant, each kind in order of name."""

    solution: Path
    wrong: tuple[WrongRepair, ...]
    other: tuple[Path, ...]


def repairs_for(
    lab: LabLike, variant: str, root: Path | None = None
) -> Repairs:
    """Return what is there to prove one variant of the lab.

    Raises:
        UsageError: all that is wrong with the lab's solutions.

    """
    return all_repairs(lab, root)[variant]


def all_repairs(lab: LabLike, root: Path | None = None) -> dict[str, Repairs]:
    """Return the repairs of each variant of the lab, in its order.

    Raises:
        UsageError: as `repairs_for`.

    """
    problems = check_solutions(lab, root)
    if problems:
        raise UsageError(
            *problems, remedy="see CONTRIBUTING.md on adding a lab"
        )
    folder = (root or settings.SOLUTIONS) / lab.id
    wrong = [(path, read_head(path)) for path in _pages(folder / _WRONG)]
    other = [(path, read_head(path)) for path in _pages(folder / _OTHER)]
    return {
        variant: Repairs(
            folder / f"{variant}.md",
            tuple(
                WrongRepair(path, _checks(head))
                for path, head in wrong
                if head.variant == variant
            ),
            tuple(path for path, head in other if head.variant == variant),
        )
        for variant in lab.variants
    }


def check_solutions(lab: LabLike, root: Path | None = None) -> list[str]:
    """Return all that is wrong with the lab's solutions, one line each."""
    folder = (root or settings.SOLUTIONS) / lab.id
    problems = [
        f"{shown(folder / f'{variant}.md')}: must be there, it repairs a"
        " variant of lab.yml"
        for variant in lab.variants
        if not (folder / f"{variant}.md").is_file()
    ]
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.is_dir() and path.name in {_WRONG, _OTHER}:
            problems += _of_folder(lab, path)
        else:
            problems += _of_page(path, partial(_solution, lab, path))
    return problems


def _of_folder(lab: LabLike, folder: Path) -> list[str]:
    """Check wrong/ or other/."""
    rule = _wrong if folder.name == _WRONG else _other
    return [
        problem
        for path in sorted(folder.iterdir())
        for problem in _of_page(path, partial(rule, lab))
    ]


def _of_page(
    path: Path, rule: Callable[[FrontMatter], Iterator[_Problem]]
) -> list[str]:
    """Check one entry of a folder of walkthroughs."""
    if not path.is_file() or path.suffix != ".md":
        return [f"{shown(path)}: only .md files may be here"]
    try:
        problems = list(rule(read_head(path)))
        if not has_blocks(path):
            problems.append(("", "must have a ```shell block"))
    except UsageError as error:
        return [str(error)]
    return [
        f"{shown(path)}:{_line(path, key)}: {problem}"
        for key, problem in problems
    ]


def _line(path: Path, key: str) -> int:
    """Return the line of a key of the front matter; 1 if it is not there."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(
        (
            number
            for number, line in enumerate(lines, start=1)
            if key and line.startswith(f"{key}:")
        ),
        1,
    )


def _solution(
    lab: LabLike, path: Path, head: FrontMatter
) -> Iterator[_Problem]:
    if path.stem not in lab.variants:
        names = _names(lab.variants)
        yield "", f"must be named after a variant ({names})"
        return
    if head.variant or head.refused_by:
        yield "", "variant and refused-by must be in wrong/ and other/ only"
    if not 1 <= len(head.found_by) <= MOST_COMMANDS:
        rule = f"1 to {MOST_COMMANDS} commands that show the fault"
        yield "found-by", f"found-by must have {rule}, one a line"
    typed = typed_lines(path)
    for command in head.found_by:
        if command not in typed:
            rule = "must be a line of a block, which the proof types"
            yield "found-by", f"found-by {rule}, not {command!r}"


def _wrong(lab: LabLike, head: FrontMatter) -> Iterator[_Problem]:
    yield from _variant(lab, head)
    for name in _checks(head):
        if name not in lab.checks:
            rule = f"must name a check ({_names(lab.checks)}), not {name!r}"
            yield "refused-by", f"refused-by {rule}"


def _other(lab: LabLike, head: FrontMatter) -> Iterator[_Problem]:
    yield from _variant(lab, head)
    if head.refused_by:
        yield "refused-by", "refused-by must be in wrong/ only"


def _variant(lab: LabLike, head: FrontMatter) -> Iterator[_Problem]:
    if head.found_by:
        yield "found-by", "found-by must be in a variant's solution only"
    if head.variant not in lab.variants:
        names = _names(lab.variants)
        yield (
            "variant",
            f"variant must be one of {names}, not {head.variant!r}",
        )


def _checks(head: FrontMatter) -> tuple[str, ...]:
    return tuple(name.strip() for name in head.refused_by.split(","))


def _pages(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.md"))


def _names(found: Mapping[str, object]) -> str:
    return ", ".join(found)
