"""The commands `lab` and `grade`, put together from their verbs.

Each verb is a module that imports what is slow inside its function, so that
help is quick.
"""

from __future__ import annotations

import typer

from graders.cli.brief import brief
from graders.cli.capture import capture
from graders.cli.check import check
from graders.cli.class_app import class_app
from graders.cli.doctor import doctor
from graders.cli.down import down
from graders.cli.engine import engine_app
from graders.cli.grade import grade
from graders.cli.help import help_
from graders.cli.hint import hint
from graders.cli.hosts import hosts_app
from graders.cli.images import images_app
from graders.cli.list import list_
from graders.cli.progress import progress
from graders.cli.prove import prove
from graders.cli.purge import purge
from graders.cli.quick import QuickCommand, QuickGroup
from graders.cli.quiz import quiz
from graders.cli.reset import reset
from graders.cli.shell import shell
from graders.cli.solution import solution
from graders.cli.start import start
from graders.cli.status import status
from graders.cli.submit import submit
from graders.cli.ticket import ticket
from graders.cli.up import up
from graders.cli.version import Version  # noqa: TC001 - typer reads it
from graders.cli.watch import watch

lab_app = typer.Typer(
    cls=QuickGroup,
    help="MetalLB labs on a real cluster: start, repair, grade, reset.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


@lab_app.callback()
def _options(version: Version = False) -> None:
    """Take the options of `lab` itself."""


for verb in (
    *(start, up, reset, down, purge, hint, status, watch, brief, shell),
    *(capture, solution, submit, ticket, prove, doctor, quiz, check),
):
    lab_app.command()(verb)
lab_app.command("list", cls=QuickCommand)(list_)
lab_app.command("help")(help_)
lab_app.command("progress", cls=QuickCommand)(progress)
lab_app.add_typer(images_app, name="images")
lab_app.add_typer(hosts_app, name="hosts")
lab_app.add_typer(engine_app, name="engine")
lab_app.add_typer(class_app, name="class")

grade_app = typer.Typer(
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
grade_app.command()(grade)
