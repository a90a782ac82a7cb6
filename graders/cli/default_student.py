"""The student that a command is about if none is named: who has a ticket."""

from __future__ import annotations

from typing import Any, Final

# typer reads the annotations, to know what to pass.
import typer

from graders.errors import KitError, UsageError
from graders.plan.networks import DEMO
from graders.settings import state_dir

# The commands that make a lab. All others are about one that exists.
_MAKING: Final = ("start", "up")


def choose_student(
    ctx: typer.Context, param: typer.CallbackParam, value: str
) -> str:
    """Return the student who was named, or the default one.

    Ends the program with 2 if it cannot be told which one is meant.
    """
    source = ctx.get_parameter_source(str(param.name))
    if ctx.resilient_parsing or not source or source.name != "DEFAULT":
        return value
    try:
        return default_student(ctx.info_name or "")
    except KitError as error:
        typer.echo(f"{_root(ctx)}: {error}", err=True)
        raise typer.Exit(error.exit_code) from None


def default_student(verb: str) -> str:
    """Return whose lab `verb` is about if nobody was named.

    That is who has the only class ticket; demo without one. A lab of demo
    that was started before the ticket came is worked on until it is down.

    Raises:
        UsageError: there are tickets of several students.

    """
    from graders.plan.ticket import students_with_tickets

    students = students_with_tickets()
    if not students:
        return DEMO
    if len(students) > 1:
        raise UsageError(
            f"there are class tickets of {', '.join(students)}",
            remedy="say whose lab is meant: --student or STUDENT",
        )
    (student,) = students
    if has_lab(student) or not has_lab(DEMO):
        return student
    if verb in _MAKING:
        typer.echo(
            "lab: demo's lab is up, too; `STUDENT=demo lab down` removes it",
            err=True,
        )
        return student
    typer.echo(
        f"lab: this is demo's lab, without the class ticket of {student};"
        " `lab start` makes one with it",
        err=True,
    )
    return DEMO


def has_lab(student: str) -> bool:
    """Tell whether this account has created a lab of the student."""
    return (state_dir(student) / "kubeconfig").exists()


def _root(ctx: Any) -> str:  # noqa: ANN401 - typer's own class is not public
    return str(ctx.find_root().info_name)
