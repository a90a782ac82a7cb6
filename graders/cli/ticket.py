"""`lab ticket`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.common import command_context, print_lines
from graders.cli.default_student import has_lab
from graders.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.plan.ticket import Ticket


def ticket(
    file: Annotated[
        str,
        typer.Argument(
            help="The ticket that your teacher gave you; without it, the"
            " installed one is shown."
        ),
    ] = "",
    *,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove the installed ticket.")
    ] = False,
    student: Annotated[
        str,
        typer.Option(
            "--student",
            envvar="STUDENT",
            help="Whose ticket, if there are several.",
        ),
    ] = "",
) -> None:
    """Install the ticket of a class, show it, or remove it.

    With a ticket your labs have the numbers and faults of that class, and
    its student is the one that commands are about.
    """
    with command_context("lab ticket", student or "demo"):
        if file and remove:
            raise UsageError(
                "--remove removes the installed ticket, and takes no file"
            )
        if remove:
            lines = _remove(student)
        elif file:
            lines = _install(file, student)
        else:
            lines = _installed(student)
        print_lines(lines)


def _install(file: str, student: str) -> Iterator[str]:
    """Install a ticket; yield what to say about it."""
    from pathlib import Path

    from graders.classroom.tickets import install_ticket, read_ticket, today

    new, text = read_ticket(Path(file).expanduser(), student)
    before = install_ticket(new, text)
    yield f"installed the ticket of {new.student}"
    yield from _about(new)
    if before and before.course != new.course:
        yield f"it takes the place of the ticket for {before.course}"
    if new.issued > today():
        yield f"it was made on {new.issued}: is the clock right here?"
    if has_lab(new.student) and (before is None or before.nonce != new.nonce):
        yield (
            "the lab that is up keeps its numbers; `lab down`, then `lab"
            " start` makes one with those of the class"
        )


def _installed(student: str) -> Iterator[str]:
    """Yield what to say about installed tickets."""
    from graders.classroom.tickets import today
    from graders.plan.ticket import installed_ticket, students_with_tickets

    students = [student] if student else students_with_tickets()
    found = [one for it in students if (one := installed_ticket(it))]
    for one in found:
        yield f"ticket of {one.student}"
        yield from _about(one)
        if one.valid_until < today():
            yield "  its last day is over: what is handed in does not count"
    if not found:
        whose = f" of {student}" if student else ""
        yield f"no ticket{whose} is installed; `lab ticket FILE` does that"


def _remove(student: str) -> Iterator[str]:
    """Remove a ticket; yield what to say about it."""
    from graders.classroom.tickets import remove_ticket
    from graders.plan.ticket import students_with_tickets

    students = [student] if student else students_with_tickets()
    if len(students) > 1:
        raise UsageError(
            f"there are tickets of {', '.join(students)}",
            remedy="say which one to remove with --student",
        )
    if not any(remove_ticket(one) for one in students):
        yield "no ticket was installed"
        return
    yield f"removed the ticket of {students[0]}"
    if has_lab(students[0]):
        yield "the lab that is up keeps its numbers until `lab down`"


def _about(one: Ticket) -> Iterator[str]:
    from graders.classroom.tickets import fingerprint

    yield f"  course       {one.course}"
    yield f"  name         {one.name}"
    yield f"  student      {one.student} (STUDENT is not needed any more)"
    yield f"  valid until  {one.valid_until}"
    yield f"  nonce        {one.nonce}"
    yield f"  on the site  {one.student} {one.nonce} (as your name)"
    yield f"  signed by    {fingerprint(one.key)} (compare with your teacher)"
