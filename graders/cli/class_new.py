"""`lab class new`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from graders.cli.common import command_context
from graders.errors import UsageError

if TYPE_CHECKING:
    from datetime import date

# Of a course without --until: half a year and some weeks.
_DAYS: Final = 200


def new(
    course: Annotated[
        str, typer.Argument(help="Its name, such as 'Networks 2027'.")
    ],
    folder: Annotated[
        str,
        typer.Option(
            metavar="FOLDER", help="Where its files go; by default its name."
        ),
    ] = "",
    until: Annotated[
        str,
        typer.Option(
            metavar="DAY",
            help="Last day of the course, as 2027-06-30; by default in 200"
            " days.",
        ),
    ] = "",
) -> None:
    """Create a class: a folder with the key that signs its tickets."""
    import re
    from datetime import timedelta
    from pathlib import Path

    from graders.classroom.class_folder import new_class
    from graders.classroom.tickets import fingerprint, today

    with command_context("lab class new", "demo"):
        name = " ".join(course.split())
        last = _day(until) if until else today() + timedelta(days=_DAYS)
        place = Path(folder or re.sub(r"[^\w.-]+", "-", name)).expanduser()
        made = new_class(place, name, last)
        typer.echo(
            f"made the class {made.course} in {made.folder}\n"
            f"tickets are valid until {made.valid_until}, and signed by key"
            f" {fingerprint(made.key)}\n"
            f"next: lab class roster FILE.csv --class {made.folder}"
        )


def _day(text: str) -> date:
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--until must be a day as 2027-06-30, not {text!r}"
        ) from None
