"""`lab class verify`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.common import AnyClassFolder, Submissions, command_context

if TYPE_CHECKING:
    from graders.classroom.class_folder import Class


def verify(
    files: Submissions,
    folder: AnyClassFolder = "",
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document.")
    ] = False,
) -> None:
    """Verify what students have handed in, without a network or a lab.

    Ends with 0 all verified, 1 some refused, 2 wrong usage, 3 some could not
    be verified in full.
    """
    from graders.classroom.submission_files import submission_files
    from graders.classroom.verify import verify as verify_all
    from graders.classroom.verify_report import exit_code, table, to_json

    with command_context("lab class verify", "demo"):
        course = find_class(folder)
        rows = verify_all(submission_files(files), course)
        if json:
            typer.echo(to_json(rows, course).rstrip())
        else:
            typer.echo(table(rows, course))
        sys.exit(exit_code(rows))


def find_class(folder: str) -> Class | None:
    """Return the class that is named, or the one in this folder, if any.

    Raises:
        UsageError: the named one is none, or is damaged.

    """
    from pathlib import Path

    from graders.classroom.class_folder import CLASS_FILE, open_class

    if folder:
        return open_class(Path(folder).expanduser())
    here = Path()
    return open_class(here) if (here / CLASS_FILE).is_file() else None
