"""Pages of walkthroughs, for the instructor's edition."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from graders.course.debrief import deeper
from graders.course.solutions import repairs_for
from graders.site.fragments import Fragment, GeneratedPage, read_piece

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from graders.course.lab import Lab


def solution_pages(lab: Lab) -> list[GeneratedPage]:
    """Return a page for each fault of the lab, and one that lists them."""
    pages = [_page(lab, variant) for variant in lab.variants]
    return [_faults(lab), *pages]


def fault_table(lab: Lab, folder: str = "") -> list[str]:
    """Return a table of the lab's faults; their pages are in `folder`."""
    return [
        "| fault | first check that fails | layer |",
        "|---|---|---|",
        *(
            f"| [{name}]({folder}{name}.md) | `{variant.breaks}` |"
            f" {variant.layer} |"
            for name, variant in lab.variants.items()
        ),
    ]


def _faults(lab: Lab) -> GeneratedPage:
    first = next(iter(lab.variants))
    text = "\n".join(
        [
            f"# Lab {lab.number}: faults",
            "",
            f"`make lab-{lab.number} VARIANT={first}` starts this fault.",
            "",
            *fault_table(lab),
            "",
        ]
    )
    uri = f"solutions/{lab.id}/index.md"
    title = f"Lab {lab.number}: faults"
    return GeneratedPage(
        uri, title, (Fragment(text, uri.removesuffix(".md")),)
    )


def _page(lab: Lab, variant: str) -> GeneratedPage:
    repairs = repairs_for(lab, variant)
    pieces = [
        _walkthrough(repairs.solution),
        *_more("Other correct repairs", repairs.other),
        *_more("Wrong turns", tuple(repair.path for repair in repairs.wrong)),
    ]
    uri = f"solutions/{lab.id}/{variant}.md"
    # Two labs may have a fault of one name.
    title = f"Lab {lab.number}: {variant}"
    return GeneratedPage(uri, title, tuple(pieces))


def _more(title: str, paths: tuple[Path, ...]) -> Iterator[Fragment]:
    """Yield walkthroughs under one heading, each a level deeper."""
    if paths:
        yield Fragment(f"## {title}\n")
    for path in paths:
        piece = _walkthrough(path)
        yield replace(piece, text=deeper(piece.text))


def _walkthrough(path: Path) -> Fragment:
    """Return a walkthrough without its front matter."""
    piece = read_piece(path, template=True)
    if not piece.text.startswith("---\n"):
        return piece
    front, _, body = piece.text[4:].partition("\n---\n")
    return replace(piece, text=body, line=front.count("\n") + 4)
