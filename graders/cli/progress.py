"""`lab progress`."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graders.cli.common import Student, command_context, print_lines
from graders.cli.progress_note import effort, next_lab
from graders.course.entries import UNDER, lab_heading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.course.overview import LabOverview
    from graders.grading.progress import Run

_NAME: Final = 22


def progress(
    json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print the document, for a file to keep or open."
        ),
    ] = False,
    student: Student = "demo",
) -> None:
    """Show labs and faults solved, with minutes, attempts and hints."""
    from graders.course.overview import overviews
    from graders.grading.comparison import comparison_lines
    from graders.grading.progress import read_progress, to_json

    with command_context("lab progress", student):
        runs, measured = read_progress(student)
        if json:
            typer.echo(to_json(student, runs, measured).rstrip())
            return
        lines = [
            line
            for lab in overviews()
            for line in _lab(lab, [one for one in runs if one.lab == lab.id])
        ]
        if compared := comparison_lines(measured):
            lines += ["", *compared]
        print_lines([*lines, *_sum(runs)])


def _lab(lab: LabOverview, runs: list[Run]) -> Iterator[str]:
    """Yield number and title of a lab, and a line for each of its faults."""
    solved = {one.variant for one in runs if one.solved}
    right = f"{len(solved)} of {len(lab.variants)} solved" if runs else "-"
    yield lab_heading(lab, right)
    by_fault = sorted(runs, key=lambda one: one.variant)
    for variant, same in groupby(by_fault, key=lambda one: one.variant):
        yield _fault(variant, list(same))


def _fault(variant: str, runs: list[Run]) -> str:
    """Return how often a fault was played, and with what effort."""
    name = variant or "(not found yet)"
    word = "solved" if any(one.solved for one in runs) else ""
    if not word:
        word = "given up" if any(one.gave_up for one in runs) else "begun"
    return f"{UNDER}{name:<{_NAME}} {word:<9} {effort(runs)}"


def _sum(runs: list[Run]) -> Iterator[str]:
    """Yield the sums, and what to play next."""
    from graders.grading.progress import solved_labs

    labs = len(solved_labs(runs))
    yield ""
    yield f"{labs} {'lab' if labs == 1 else 'labs'} solved, {effort(runs)}."
    yield f"Next: {next_lab(runs)}."
