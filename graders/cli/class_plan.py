"""`lab class plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.common import (
    ClassFolder,
    class_context,
    print_lines,
    tell_on_stderr,
)
from graders.errors import UsageError

if TYPE_CHECKING:
    from graders.classroom.class_folder import Class
    from graders.classroom.seats.machines import Capacity
    from graders.classroom.seats.plan_report import Sizes
    from graders.classroom.seats.planning import Wishes
    from graders.classroom.seats.seat_plan import Isolation, SeatPlan


def plan(  # noqa: PLR0913 - the options of the command
    folder: ClassFolder = ".",
    *,
    labs: Annotated[
        str,
        typer.Option(
            metavar="1,2",
            help="Labs that seats must be large enough for; by default those"
            " of `lab class time`, or all.",
        ),
    ] = "",
    isolation: Annotated[
        str,
        typer.Option(
            metavar="trusted|exam",
            help="Seats share machines, or each has its own; by default as"
            " before, at first trusted.",
        ),
    ] = "",
    balance: Annotated[
        bool,
        typer.Option(
            "--balance", help="Move seats from full machines to empty ones."
        ),
    ] = False,
    found: Annotated[
        list[str] | None,
        typer.Option(metavar="MACHINE", help="Use a lost machine again."),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STUDENT", help="Drop the seat of a student who left."
        ),
    ] = None,
) -> None:
    """Plan on which machine each student gets a seat; nothing is created.

    Students keep their seats, so run it whenever the roster or machines.yml
    has changed.
    """
    from graders.classroom.seats.planning import Wishes

    with class_context("plan", folder) as course:
        wishes = Wishes(
            _isolation(isolation), balance, found or (), drop or ()
        )
        _plan(course, _sizes(course, labs), wishes)


def _plan(course: Class, sizes: Sizes, wishes: Wishes) -> None:
    """Print the plan, and write it if everyone has a seat."""
    from graders.classroom.roster import class_students
    from graders.classroom.seats import plan_report
    from graders.classroom.seats.planning import revise
    from graders.classroom.seats.seat_plan import (
        seats_file,
        write_seat_plan,
    )

    before = _before(course)
    students = class_students(course)
    draft = revise(before, sizes.places, students, wishes)
    lines = [
        *plan_report.describe(sizes, draft.plan),
        *plan_report.changes(before, draft.plan, students),
    ]
    print_lines(lines)
    plan_report.expect_room(draft, sizes)
    write_seat_plan(course, draft.plan)
    typer.echo(
        f"{course.course}: {len(draft.plan.seats)} seats"
        f" ({draft.plan.isolation}) in {seats_file(course)}"
    )


def _isolation(text: str) -> Isolation | None:
    from graders.classroom.seats.seat_plan import ISOLATIONS

    for isolation in ISOLATIONS:
        if text == isolation:
            return isolation
    if text:
        raise UsageError(
            f"--isolation must be {' or '.join(ISOLATIONS)}, not {text!r}"
        )
    return None


def _before(course: Class) -> SeatPlan | None:
    """Return the plan that there is, None if it is the first."""
    from graders.classroom.seats.seat_plan import read_seat_plan, seats_file

    return read_seat_plan(course) if seats_file(course).exists() else None


def _sizes(course: Class, refs: str) -> Sizes:
    """Return the machines, and the costs of the labs."""
    from graders.classroom.seats.costs import load_costs
    from graders.classroom.seats.facts import ask_capacities
    from graders.classroom.seats.machines import capacities, read_machines
    from graders.classroom.seats.plan_report import Sizes

    def ask(names: list[str]) -> dict[str, Capacity]:
        return ask_capacities(course, names, tell_on_stderr("lab"))

    machines = read_machines(course)
    return Sizes(capacities(machines, ask), load_costs(), _labs(course, refs))


def _labs(course: Class, refs: str) -> list[str]:
    """Return the ids of the labs that the class does."""
    from graders.classroom.seats.times_file import read_times, times_file
    from graders.course.lab import all_labs, load_lab

    if refs:
        return [load_lab(it.strip()).id for it in refs.split(",")]
    sessions = read_times(times_file(course)).sessions
    numbers = {number for it in sessions for number in it.labs}
    if numbers:
        return [load_lab(str(number)).id for number in sorted(numbers)]
    return [lab.id for lab in all_labs()]
