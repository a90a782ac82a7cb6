"""`lab shell`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from graders.cli.common import Student, command_context
from graders.cli.completion import complete_machines


def shell(
    machine: Annotated[
        str,
        typer.Argument(
            help="router, client, lan-client, dhcp or desk.",
            autocompletion=complete_machines,
        ),
    ] = "",
    command: Annotated[
        str, typer.Option("-c", metavar="COMMAND", help="Run this and exit.")
    ] = "",
    student: Student = "demo",
) -> None:
    """Open a shell with the kit's kubectl, helm and kind, or on a machine."""
    from graders.lifecycle.shell import shell_argv
    from graders.providers.registry import provider

    with command_context("lab shell", student):
        plan = provider().locate(student).plan
        argv, env = shell_argv(plan, machine or None, command or None)
        if machine:
            provider().check_access(plan, machine)
        os.execvpe(argv[0], list(argv), env)
