"""`lab list`."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.common import (
    AnyLabArg,
    Student,
    command_context,
    print_lines,
)
from graders.cli.progress_note import known_runs
from graders.course.entries import UNDER, WIDTH, lab_heading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.course.overview import LabOverview


def list_(
    lab: AnyLabArg = "",
    variants: Annotated[
        bool,
        typer.Option(
            "--variants",
            help="Show the faults, which give the answers away.",
        ),
    ] = False,
    student: Student = "demo",
) -> None:
    """List the labs: minutes, what each teaches, and what you have solved."""
    from graders.course.overview import overviews
    from graders.grading.progress import solved_labs

    with command_context("lab list", student):
        solved = solved_labs(known_runs(student))
        for one in overviews(lab):
            word = "solved" if one.id in solved else "      "
            lines = [lab_heading(one, f"{one.minutes:>3} minutes  {word}")]
            lines += _faults(one) if variants else _objectives(one)
            print_lines(lines)


def _objectives(lab: LabOverview) -> list[str]:
    """Return what a student can do afterwards."""
    return _wrapped(f"{'; '.join(lab.objectives)}.", UNDER)


def _faults(lab: LabOverview) -> Iterator[str]:
    """Yield each fault's name with its sentence."""
    for variant in lab.variants:
        yield f"{UNDER}{variant}"
        yield from _wrapped(lab.fault(variant), UNDER * 2)


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent
    )
