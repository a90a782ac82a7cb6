"""`lab help`."""

from __future__ import annotations

from typing import Annotated, Final

# typer reads the annotations, to know what to pass.
import typer

from graders.cli.common import Student, command_context
from graders.errors import CannotCheck, UsageError

# A raised hand is worth a longer wait than other commands' events.
_PATIENCE_S: Final = 5
_SENT: Final = """\
While CLASS_URL has the address of your class's board and your class ticket is
installed, these commands tell the board:

  lab start   that you have started the lab
  lab hint    how many hints you have seen
  grade       attempt, hints, points, solved or not, the first broken layer
  lab help    what you ask; `lab help --done` takes your hand down

Each message also has the lab, a random name of this run, the time, your class
ticket (course, login, name) and the public half of a key of this computer,
which signs it, so that no other student can speak for you. Nothing else is
sent: no commands, no output, no addresses. No verdict depends on the board.
`unset CLASS_URL` stops it."""


def help_(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TEXT", help="What you ask.", show_default=False
        ),
    ] = None,
    done: Annotated[
        bool, typer.Option("--done", help="Take your hand down.")
    ] = False,
    student: Student = "demo",
) -> None:
    """Raise your hand on the class board, or say what the board is told."""
    text = " ".join(words or ())
    with command_context("lab help", student):
        _refuse_verb(ctx, text)
        if text or done:
            _tell(student, text, done=done)
        else:
            _explain(student)


def _refuse_verb(ctx: typer.Context, text: str) -> None:
    """Refuse the name of a command, which is no question to a teacher."""
    if text in getattr(ctx.find_root().command, "commands", ()):
        raise UsageError(
            f"`lab {text} --help` explains the command {text}",
            remedy="a question to your teacher has more words",
        )


def _tell(student: str, text: str, *, done: bool) -> None:
    """Raise or lower the hand."""
    from graders.classroom.board.message import LONGEST_TEXT
    from graders.classroom.board.sender import tell

    if text and done:
        raise UsageError(
            "--done takes your hand down, and a text raises it",
            remedy="give one of them",
        )
    if len(text) > LONGEST_TEXT:
        raise UsageError(
            f"a question has at most {LONGEST_TEXT} characters, not"
            f" {len(text)}",
            remedy="say the rest when your teacher is with you",
        )
    lab, run = _running(student)
    outcome = tell(
        *(student, "done" if done else "help", _PATIENCE_S),
        text=text,
        lab=lab,
        run=run,
    )
    if outcome.status == "refused":
        raise CannotCheck(f"the class board refused it: {outcome.reason}")
    if outcome.status == "waiting":
        raise CannotCheck(
            f"the class board has not got it yet: {outcome.reason}",
            remedy="it goes with your next `grade` or `lab hint`",
        )
    typer.echo(
        "Your hand is down."
        if done
        else "Your hand is up on the class board; `lab help --done` takes it"
        " down."
    )


def _running(student: str) -> tuple[str, str]:
    """Return the lab and run that the student worked on last.

    It is asked of a file, so that a hand can be raised without an engine.
    """
    from graders.grading.progress import read_progress

    try:
        runs = read_progress(student).runs
    except CannotCheck:
        return "", ""
    return (runs[-1].lab, runs[-1].run) if runs else ("", "")


def _explain(student: str) -> None:
    """Print what would be sent, and whether it is."""
    from graders.classroom.board import outbox
    from graders.classroom.board.sender import board_url
    from graders.plan.ticket import installed_ticket

    url = board_url()
    ticket = installed_ticket(student)
    typer.echo(
        "`lab --help` lists all commands.\n"
        '`lab help "why is the session Active?"` raises your hand on the class'
        " board.\n"
    )
    if not url:
        typer.echo("Now nothing is sent: CLASS_URL is not set.\n")
    elif ticket is None:
        typer.echo(
            f"Now nothing is sent: no class ticket of {student} is installed;"
            " `lab ticket FILE` does that.\n"
        )
    else:
        typer.echo(
            f"Now {url} is told, with the ticket of {ticket.name} in"
            f" {ticket.course}.\n"
        )
    typer.echo(_SENT)
    if kept := len(outbox.waiting(student)):
        typer.echo(
            f"\nNot sent yet: {kept} of these, as the board did not answer."
        )
