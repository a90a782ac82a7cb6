"""`lab --version`."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer


def print_version(wanted: bool) -> None:  # noqa: FBT001 - typer's protocol
    """Print the version of the installed kit, and end.

    Raises:
        Exit: always, if it is wanted.

    """
    if wanted:
        # Each other command would load it for nothing: a tenth of its time.
        from importlib import metadata

        typer.echo(metadata.version("metallb-lab-kit"))
        raise typer.Exit


Version: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--version",
        callback=print_version,
        is_eager=True,
        help="Print the version and exit.",
    ),
]
