"""The checks of labs as tables, and the page of all, from the graders."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from graders.checks.check import get_spec
from graders.course.lab import LAYERS
from graders.grading.check_spec import check_functions, check_name
from graders.site.fragments import Fragment, GeneratedPage
from graders.site.solution_pages import fault_table

if TYPE_CHECKING:
    from graders.checks.check import CheckSpec
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


def checks_of(lab: Lab) -> list[CheckSpec]:
    """Return the lab's checks in the order in which they run."""
    checks = []
    for function in check_functions(lab.grader_file):
        if spec := get_spec(function):
            name = check_name(function.__name__)
            sentence = (function.__doc__ or "").strip()
            points = lab.checks.get(name, 0)
            checks.append(
                replace(spec, name=name, sentence=sentence, max_points=points)
            )
    return checks


def check_table(lab: Lab) -> str:
    """Return a table of checks in Markdown: points, layers, what they need."""
    checks = checks_of(lab)
    rows = [
        f"| `{spec.name}` | {spec.sentence} | {spec.layer} |"
        f" {spec.max_points} | {_remarks(spec)} |"
        for spec in checks
    ]
    total = sum(spec.max_points for spec in checks)
    return "\n".join(
        [
            "| check | what must be true | layer | points | when |",
            "|---|---|---|---|---|",
            *(row.replace("<pending>", "`<pending>`") for row in rows),
            f"| | total | | {total} | |",
        ]
    )


def _remarks(spec: CheckSpec) -> str:
    needs = ", ".join(f"`{name}`" for name in spec.needs)
    parts = [
        "with `grade --full` only" if spec.disruptive else "",
        f"after {needs}" if needs else "",
    ]
    return "; ".join(filter(None, parts))
