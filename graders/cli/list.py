"""`lab list`."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graders.cli.common import Student, command_context, print_lines
from graders.cli.completion import complete_labs
from graders.cli.progress_note import known_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.course.overview import LabOverview

_WIDTH: Final = 80
_UNDER: Final = " " * 4


def list_(
    lab: Annotated[
        str,
        typer.Argument(
            help="1, lab-1 or the whole id; all if left out.",
            autocompletion=complete_labs,
        ),
    ] = "",
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
            lines = [_heading(one, solved=one.id in solved)]
            lines += _faults(one) if variants else _objectives(one)
            print_lines(lines)


def _heading(lab: LabOverview, *, solved: bool) -> str:
    """Return number, title, minutes, and whether it is solved."""
    right = f"{lab.minutes:>3} minutes  {'solved' if solved else '      '}"
    room = _WIDTH - len(_UNDER) - len(right) - 1
    title = textwrap.shorten(lab.title, room, placeholder="...")
    return f"{lab.number:<3} {title:<{room}} {right}".rstrip()


def _objectives(lab: LabOverview) -> list[str]:
    """Return what a student can do afterwards."""
    return _wrapped(f"{'; '.join(lab.objectives)}.", _UNDER)


def _faults(lab: LabOverview) -> Iterator[str]:
    """Yield each fault's name with its sentence."""
    for variant in lab.variants:
        yield f"{_UNDER}{variant}"
        yield from _wrapped(lab.fault(variant), _UNDER * 2)


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=indent
    )
