"""Every block that a page of the site says can be typed is typed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from graders.course.templates import names, render
from graders.course.walkthrough import Block, FrontMatter, Walkthrough, shown
from graders.plan.plan import make_plan
from graders.proof.driver import LabDriver
from graders.proof.typist import play
from graders.providers.kind_location import locate
from graders.settings import ROOT
from graders.site.fences import OUTPUT, RUNNABLE, fences_of

from .conftest import STUDENT, ok

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from graders.plan.plan import Plan

DOCS: Final = ROOT / "docs"
# Its pages are templates, as briefs are.
MODULE: Final = DOCS / "module"


def _blocks(page: Path, plan: Plan) -> Iterator[tuple[Block, str]]:
    """Yield each block to type, and what the page says it prints, or ""."""
    text = page.read_text(encoding="utf-8")
    if page.is_relative_to(MODULE):
        text = render(text, names(plan))
    lines = text.split("\n")
    found = list(fences_of(text))
    for at, (begin, words, end) in enumerate(found):
        if RUNNABLE not in words:
            continue
        block = Block(
            "shell", tuple(lines[begin : end - 1]), shown(page), begin + 1
        )
        output = ""
        if at + 1 < len(found) and OUTPUT in found[at + 1][1]:
            first, _, last = found[at + 1]
            output = "\n".join(lines[first : last - 1])
        yield block, output


PAGES: Final = sorted(
    page
    for page in DOCS.rglob("*.md")
    if any(True for _ in _blocks(page, make_plan()))
)


def _lab_of(page: Path) -> list[str]:
    """Return the lab on whose cluster a page is typed, and its variant."""
    text = page.read_text(encoding="utf-8")
    found = re.search(r"lab start (\d+) --variant (\S+)", text)
    return [found[1], "--variant", found[2]] if found else ["0"]


def _words(text: str) -> list[list[str]]:
    """Return the words of each line; columns may be wider than shown."""
    return [line.split() for line in text.strip().split("\n")]


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_can_be_typed(page: Path) -> None:
    """Each command ends well, and prints what the page shows.

    With the numbers of the lab that stands: its networks may have moved.
    """
    plan = locate(STUDENT).plan
    driver = LabDriver(plan, print)
    ok("lab", "start", *_lab_of(page))
    for block, output in _blocks(page, plan):
        steps = play(Walkthrough(page, FrontMatter(), (block,)), driver.shell)
        if output:
            printed = "\n".join(step.output for step in steps if step.output)
            assert _words(printed) == _words(output), block.at(0)
