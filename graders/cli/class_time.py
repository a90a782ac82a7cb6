"""`lab class time`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.common import ClassFolder, class_context

if TYPE_CHECKING:
    from graders.classroom.seats.times import Times


def time(  # noqa: PLR0913 - the options of the command
    name: Annotated[
        str, typer.Argument(help="A lesson or exam, such as 'lesson 1'.")
    ] = "",
    folder: ClassFolder = ".",
    *,
    begin: Annotated[
        str,
        typer.Option(
            metavar="MOMENT",
            help="As '2027-01-11 09:00', by this computer's clock.",
        ),
    ] = "",
    end: Annotated[
        str, typer.Option(metavar="MOMENT", help="In this form, or as 10:30.")
    ] = "",
    labs: Annotated[
        str, typer.Option(metavar="1,2", help="Labs of the lesson or exam.")
    ] = "",
    exam: Annotated[
        bool,
        typer.Option("--exam", help="An exam has no hints and no solutions."),
    ] = False,
    extend: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STUDENT=MINUTES", help="Give a student more time."
        ),
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove the lesson or exam.")
    ] = False,
) -> None:
    """Show lessons and exams; with options, add or change one.

    Students can work on a lab in their seats during a lesson or exam that
    includes it. Without any, all labs are always open.
    """
    from graders.classroom.roster import class_students
    from graders.classroom.seats.times_change import Change, change
    from graders.classroom.seats.times_file import (
        read_times,
        times_file,
        write_times,
    )

    with class_context("time", folder) as course:
        file = times_file(course)
        times = read_times(file)
        wanted = Change(begin, end, labs, exam, tuple(extend or ()), remove)
        if wanted != Change():
            times = change(times, name, wanted, class_students(course))
            write_times(file, times)
        _show(times, "" if remove else name)


def _show(times: Times, name: str) -> None:
    from datetime import UTC, datetime

    from graders.classroom.seats.times import shown_session
    from graders.classroom.seats.times_change import unknown_session

    now = datetime.now(UTC)
    lines = [
        shown_session(it, now)
        for it in times.sessions
        if name in {"", it.name}
    ]
    if name and not lines:
        raise unknown_session(times, name)
    typer.echo("\n".join(lines) or "no lessons: seats are always open")
