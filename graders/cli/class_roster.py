"""`lab class roster`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.common import ClassFolder, class_context, print_lines

if TYPE_CHECKING:
    from collections.abc import Sequence


def roster(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE.csv",
            help="Columns login, name, email; the last two may be left out.",
        ),
    ],
    folder: ClassFolder = ".",
) -> None:
    """Write a ticket for each student of a CSV file.

    Tickets keep their numbers, so it can be run whenever the list has changed.
    """
    from pathlib import Path

    from graders.classroom.enrolment import enrol
    from graders.classroom.roster import read_roster

    with class_context("roster", folder) as course:
        done = enrol(course, read_roster(Path(file).expanduser()))
        count = len(done.new + done.renewed + done.kept)
        lines = [
            f"{course.course}: tickets of {count} in {course.tickets}",
            *_group("new", done.new),
            *_group("renewed, with the same numbers", done.renewed),
            *_group("unchanged", done.kept, named=False),
            *_group("no longer on the list, tickets kept", done.left),
            "give each student their own file; they type: lab ticket FILE",
        ]
        print_lines(lines)


def _group(
    what: str, students: Sequence[str], *, named: bool = True
) -> list[str]:
    """Return a line about some students, none if there are none."""
    if not students:
        return []
    who = f": {', '.join(students)}" if named else ""
    return [f"  {len(students)} {what}{who}"]
