"""All checks of all labs on one page, from the graders themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from graders.course.lab import LAYERS
from graders.site.check_table import check_table
from graders.site.fragments import Fragment, GeneratedPage
from graders.site.solution_pages import fault_table

if TYPE_CHECKING:
    from graders.course.lab import Lab

_HEAD: Final = """\
# Checks of all labs

What `grade` checks in each lab; the text comes from the graders.
The layers, in order: {layers}.
`grade` names the first one in which something is broken.
{faults}"""
_FAULTS: Final = """\
The faults are listed only in the instructor edition of this site.
"""


def checks_page(labs: list[Lab], *, instructor: bool) -> GeneratedPage:
    """Return the page of checks; with their faults for instructors."""
    parts = [
        _HEAD.format(
            layers=", ".join(LAYERS), faults="" if instructor else _FAULTS
        )
    ]
    for lab in labs:
        parts += [f"## Lab {lab.number}: {lab.title}\n", check_table(lab), ""]
        if instructor:
            parts += [*fault_table(lab, f"../solutions/{lab.id}/"), ""]
    piece = Fragment("\n".join(parts), "docs/reference/checks")
    return GeneratedPage("reference/checks.md", "Checks", (piece,))
