"""`lab class move`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.common import ClassFolder, class_context
from graders.errors import UsageError

if TYPE_CHECKING:
    from graders.classroom.seats.planning import Draft
    from graders.classroom.seats.seat_plan import SeatPlan


def move(
    students: Annotated[
        list[str] | None, typer.Argument(metavar="STUDENT")
    ] = None,
    folder: ClassFolder = ".",
    to: Annotated[
        str,
        typer.Option(metavar="MACHINE", help="Move these students there."),
    ] = "",
    lost: Annotated[
        str,
        typer.Option(
            metavar="MACHINE",
            help="Move everyone off a machine that has failed.",
        ),
    ] = "",
) -> None:
    """Move seats to another machine; all other seats stay.

    A lost machine gets no seats until `lab class plan --found MACHINE`.
    """
    from graders.classroom.seats.plan_report import changes
    from graders.classroom.seats.seat_plan import (
        read_seat_plan,
        write_seat_plan,
    )

    with class_context("move", folder) as course:
        before = read_seat_plan(course)
        draft = _draft(before, students or [], to, lost)
        write_seat_plan(course, draft.plan)
        everyone = [it.student for it in before.seats]
        for line in changes(before, draft.plan, everyone):
            typer.echo(line)
        _expect_seats(draft)


def _draft(before: SeatPlan, students: list[str], to: str, lost: str) -> Draft:
    from graders.classroom.seats.planning import (
        Draft,
        lose_machine,
        move_seats,
    )

    if lost and not students and not to:
        return lose_machine(before, lost)
    if to and students and not lost:
        return Draft(move_seats(before, students, to))
    raise UsageError(
        "name students and where they go, or a machine that is lost",
        remedy="such as `lab class move ada bob --to room-2`, or `lab class"
        " move --lost room-1`",
    )


def _expect_seats(draft: Draft) -> None:
    """Expect everyone to have a seat after the move."""
    if draft.without:
        raise UsageError(
            f"no machine has room for {', '.join(draft.without)}, who have no"
            " seat now",
            remedy="add a machine to machines.yml, and run `lab class plan`",
        )
