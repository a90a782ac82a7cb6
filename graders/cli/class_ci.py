"""`lab class ci`."""

from __future__ import annotations

from typing import Annotated

import typer

from graders.cli.common import command_context


def ci(
    forge: Annotated[str, typer.Argument(help="github or gitlab.")],
    kit: Annotated[
        str,
        typer.Option(
            metavar="URL", help="Where the runner fetches the kit by git."
        ),
    ],
    ref: Annotated[
        str, typer.Option(help="Branch, tag or commit of the kit.")
    ] = "main",
) -> None:
    """Print a CI file that regrades what students push to a repository."""
    from graders.classroom.ci_files import ci_file

    with command_context("lab class ci", "demo"):
        typer.echo(ci_file(forge, kit, ref), nl=False)
