"""What `lab prove` does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import typer

from graders.cli.lab import checked_plan
from graders.console import Terminal
from graders.course.lab import all_labs, load_lab
from graders.proof.driver import LabDriver
from graders.proof.proof import Depth, prove, proven, table
from graders.proof.proof import as_json as proof_json

if TYPE_CHECKING:
    from graders.proof.proof import ProofStep


def prove_labs(  # noqa: PLR0913 - what may be typed
    ref: str, variant: str, student: str, *, as_json: bool, depth: Depth
) -> int:
    """Prove labs on a live cluster; return 0 if every step came out right.

    Raises:
        KitError: the lab or variant is unknown, or its files are astray.

    """
    labs = [load_lab(ref)] if ref else all_labs()
    plan = checked_plan(student)
    note = partial(typer.echo, err=True)
    rows: list[ProofStep] = []
    for lab in labs:
        if variant:
            lab.variant(variant)
        names = [variant] if variant else list(lab.variants)
        driver = LabDriver(plan, note)
        told = partial(_tell, note)
        rows += prove(lab, names, driver, told, depth=depth)
    if as_json:
        typer.echo(proof_json(rows))
    else:
        Terminal().print(table(rows))
    return 0 if proven(rows) else 1


def _tell(note: partial[None], row: ProofStep) -> None:
    """Tell of one step as soon as it is done."""
    word = "ok" if row.ok else "NO"
    note(f"{word:3}{row.variant}: {row.step}: {row.observed} {row.seconds} s")
