"""`lab engine`."""

from __future__ import annotations

import typer

from graders.cli.common import Student, command_context

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
def stop(student: Student = "demo") -> None:
    """Stop the container engine, if the kit started it."""
    from graders.cli.plans import run_plain_playbook

    with command_context("lab engine stop", student, locked=True):
        run_plain_playbook("engine_stop", student)
