"""`lab purge`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.common import command_context
from graders.errors import CannotCheck

if TYPE_CHECKING:
    from graders.lifecycle.purge import Findings


def purge(
    student: Annotated[
        str,
        typer.Option(
            "--student",
            help="Only this student's lab; by default everything.",
        ),
    ] = "",
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="Remove what is listed.")
    ] = False,
) -> None:
    """List all that the kit put on this computer, or remove it."""
    from graders.lifecycle.purge import Purge

    with command_context("lab purge", student or "demo"):
        found = Purge(student, tell=typer.echo).find()
        for item in found.items:
            if not yes:
                typer.echo(f"would remove: {item.text}")
        for line in found.left:
            typer.echo(f"stays: {line}")
        if yes:
            _remove(found)
        else:
            typer.echo("nothing was removed; `lab purge --yes` does that")


def _remove(found: Findings) -> None:
    from graders.lifecycle.purge import remove

    failed = remove(found, typer.echo)
    if failed:
        raise CannotCheck(
            *(f"{text}: {error}" for text, error in failed),
            remedy="mend these, and run `lab purge --yes` again",
        )
