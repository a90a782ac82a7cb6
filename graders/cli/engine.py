"""`lab engine`."""

from __future__ import annotations

from typing import Annotated

import typer

from graders.cli.common import Student, command_context
from graders.errors import CannotCheck, UsageError

engine_app = typer.Typer(
    help="The container engine, on machines without a service manager.",
    no_args_is_help=True,
)


@engine_app.command()
def start(student: Student = "demo") -> None:
    """Start a container engine, if none answers and the kit may."""
    from graders.cli.plans import run_plain_playbook

    with command_context("lab engine start", student, locked=True):
        run_plain_playbook("engine", student)


@engine_app.command()
def stop(
    student: Student = "demo",
    force: Annotated[
        bool, typer.Option("--force", help="Stop other students' labs, too.")
    ] = False,
) -> None:
    """Stop the container engine, if the kit started it."""
    from graders.cli.plans import run_plain_playbook

    with command_context("lab engine stop", student, locked=True):
        if not force:
            _refuse_to_stop_others(student)
        run_plain_playbook("engine_stop", student)


def _refuse_to_stop_others(student: str) -> None:
    """Raise UsageError if labs of other students run on the engine."""
    from graders.providers.kind_location import running_students

    try:
        others = sorted(running_students() - {student})
    except CannotCheck:
        return  # nothing runs on an engine that does not answer
    if others:
        raise UsageError(
            f"labs of other students run on this engine: {', '.join(others)}",
            remedy="wait until they are taken down, or run"
            " `lab engine stop --force`",
        )
