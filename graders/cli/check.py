"""`lab check`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from graders.cli.common import AnyLabArg, command_context
from graders.errors import UsageError

WRONG = 2


def check(
    lab: AnyLabArg = "",
    write: Annotated[
        bool,
        typer.Option(
            "--write", help="Update lists of labs in README.md and docs/."
        ),
    ] = False,
) -> None:
    """Check labs for what an author can get wrong, without a cluster.

    Ends with 0, or with 2 after all problems, each with its file.
    """
    from graders.plan.plan import DEMO

    with command_context("lab check", DEMO):
        if write:
            _write_lists()
        names, problems = _check(lab)
        for problem in problems:
            typer.echo(problem, err=True)
        if problems:
            sys.exit(WRONG)
        typer.echo(f"no problem in {', '.join(names)}")


def _write_lists() -> None:
    """Update the lists that are made from the labs."""
    from graders.course.listings import outdated
    from graders.course.walkthrough import shown

    for file, text in outdated().items():
        file.write_text(text, encoding="utf-8")
        typer.echo(f"updated {shown(file)}")


def _check(ref: str) -> tuple[list[str], list[str]]:
    """Return the names of the labs that were checked, and all problems."""
    from graders.course.folders import find_labs
    from graders.course.lab import read_lab
    from graders.proof.lab_check import course_problems, lab_problems

    labs, problems = [], []
    folders = find_labs(ref)
    for folder in folders:
        try:
            lab = read_lab(folder)
        except UsageError as error:
            problems += error.problems
        else:
            labs.append(lab)
            problems += lab_problems(lab)
    if not (ref or problems):
        problems += course_problems(labs)
    return [folder.name for folder in folders], problems
