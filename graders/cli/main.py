"""The commands `lab` and `grade`, put together from their verbs.

Each verb is a module that imports what is slow inside its function, so that
help is quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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

if TYPE_CHECKING:
    from collections.abc import Callable

lab_app = typer.Typer(
    cls=QuickGroup,
    help="MetalLB labs on a real cluster: start, repair, grade, reset.",
    epilog="`grade` grades the running lab; `grade --help` has its options.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


@lab_app.callback()
def _options(version: Version = False) -> None:
    """Take the options of `lab` itself."""


_LAB: Final = "The lab"
_COURSE: Final = "The course"
_COMPUTER: Final = "This computer, and hosts"
_TEACHING: Final = "For instructors and authors"


def _add(panel: str, *verbs: Callable[..., None]) -> None:
    """Show verbs in a part of the help."""
    for verb in verbs:
        lab_app.command(rich_help_panel=panel)(verb)


_add(_LAB, start, brief, shell, watch, hint, reset, status, capture, down)
lab_app.command("list", cls=QuickCommand, rich_help_panel=_COURSE)(list_)
lab_app.command("progress", cls=QuickCommand, rich_help_panel=_COURSE)(
    progress
)
_add(_COURSE, solution, quiz, submit, ticket)
lab_app.command("help", rich_help_panel=_COURSE)(help_)
_add(_COMPUTER, doctor, up, purge)
lab_app.add_typer(images_app, name="images", rich_help_panel=_COMPUTER)
lab_app.add_typer(engine_app, name="engine", rich_help_panel=_COMPUTER)
lab_app.add_typer(hosts_app, name="hosts", rich_help_panel=_COMPUTER)
_add(_TEACHING, check, prove)
lab_app.add_typer(class_app, name="class", rich_help_panel=_TEACHING)

grade_app = typer.Typer(
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
grade_app.command()(grade)
