"""`lab class board`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.common import ClassFolder, class_context
from graders.errors import CannotCheck

if TYPE_CHECKING:
    from graders.classroom.board.access import Access
    from graders.classroom.board.server import Address


def board(
    folder: ClassFolder = ".",
    listen: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS:PORT",
            help="Where students' computers reach it; by default this"
            " computer only.",
        ),
    ] = "127.0.0.1:8765",
) -> None:
    """Serve the class board until Ctrl-C: progress, and who needs help."""
    with class_context("board", folder) as course:
        try:
            from graders.classroom.board.server import parse_address, serve
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("graders"):
                raise
            raise CannotCheck(
                f"the board needs the Python package {error.name}, which is"
                " not installed",
                remedy="`make class` installs it",
            ) from None
        serve(course, parse_address(listen), _announce)
        typer.echo("The board is closed; what it was told is kept.")


def _announce(address: Address, access: Access) -> None:
    """Print where the board is, and how to get in."""
    url = address.url
    tokens = access.tokens
    lines = [
        f"Board:      {url}/login#{tokens['teacher']}",
        f"Projector:  {url}/login#{tokens['projector']}  (no names)",
        f"Students:   export CLASS_URL={_students(address)}",
    ]
    if address.is_loopback:
        lines.append(
            "Only this computer reaches it; --listen, or a proxy with TLS,"
            " lets students in."
        )
    typer.echo("\n".join([*lines, "Ctrl-C closes it."]))


def _students(address: Address) -> str:
    """Return the address for students' computers."""
    if address.is_loopback:
        return address.url
    host = f"[{address.host}]" if ":" in address.host else address.host
    if address.is_any:
        host = "THIS-COMPUTER"
    return f"http://{host}:{address.port}"
