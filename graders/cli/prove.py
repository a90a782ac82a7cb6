"""`lab prove`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.common import Student, Variant, command_context, echo
from graders.cli.completion import complete_labs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.course.lab import Lab
    from graders.proof.proof import Depth, ProofStep


def prove(  # noqa: PLR0913, PLR0917 - what may be typed
    lab: Annotated[
        str,
        typer.Argument(
            help="All labs if left out.", autocompletion=complete_labs
        ),
    ] = "",
    variant: Variant = "",
    json: Annotated[bool, typer.Option("--json")] = False,
    full: Annotated[
        bool,
        typer.Option("--full", help="Isolate a node for every right repair."),
    ] = False,
    brief: Annotated[
        bool,
        typer.Option(
            "--brief", help="Other right repairs for a lab's first fault only."
        ),
    ] = False,
    list_: Annotated[
        bool,
        typer.Option("--list", help="Only print the steps of the proof."),
    ] = False,
    student: Student = "demo",
) -> None:
    """Prove labs: red as shipped, wrong repairs refused, right ones pass."""
    from graders.console import Terminal
    from graders.proof.proof import as_json, proven, table

    depth: Depth = "full" if full else "brief" if brief else "whole"
    if list_:
        with command_context("lab prove", student):
            typer.echo("\n".join(_list(lab, variant, depth)))
        return
    with command_context("lab prove", student, locked=True):
        steps = _prove(lab, variant, student, depth)
        if json:
            typer.echo(as_json(steps))
        else:
            Terminal().print(table(steps))
        sys.exit(0 if proven(steps) else 1)


def _prove(
    ref: str, variant: str, student: str, depth: Depth
) -> list[ProofStep]:
    """Prove one lab or all on a running cluster."""
    from graders.cli.plans import checked_status
    from graders.proof.driver import LabDriver
    from graders.proof.proof import prove

    plan = checked_status(student).location.plan
    steps: list[ProofStep] = []
    for lab, names in _selected(ref, variant):
        driver = LabDriver(plan, echo)
        steps += prove(lab, names, driver, _report, depth=depth)
    return steps


def _list(ref: str, variant: str, depth: Depth) -> Iterator[str]:
    """Yield the steps of the proof, without a cluster."""
    from graders.proof.proof import planned

    for lab, names in _selected(ref, variant):
        yield from planned(lab, names, depth)


def _selected(ref: str, variant: str) -> Iterator[tuple[Lab, list[str]]]:
    """Yield the labs to prove, each with its variants."""
    from graders.course.lab import all_labs, load_lab

    for lab in [load_lab(ref)] if ref else all_labs():
        if variant:
            lab.variant(variant)
        yield lab, [variant] if variant else list(lab.variants)


def _report(step: ProofStep) -> None:
    """Print one step as soon as it is done."""
    word = "ok" if step.ok else "NO"
    echo(
        f"{word:3}{step.variant}: {step.step}: {step.observed}"
        f" {step.seconds} s"
    )
