"""`lab shell`."""

from __future__ import annotations

import os
from typing import Annotated, Final

import typer

from graders.cli.common import Student, command_context, echo
from graders.cli.completion import complete_machines

_RECORDED: Final = (
    "is recorded for `lab submit`, without output and without lines that begin"
    " with a space; `lab shell --no-record` records nothing"
)


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
    record: Annotated[
        bool,
        typer.Option(
            envvar="METALLB_LAB_RECORD",
            help="Record what is typed, for `lab submit`.",
        ),
    ] = True,
    student: Student = "demo",
) -> None:
    """Open a shell with the kit's kubectl, helm and kind, or on a machine."""
    from graders.lifecycle.shell import shell_argv
    from graders.providers.registry import provider

    with command_context("lab shell", student):
        plan = provider().locate(student).plan
        where = (plan, machine or None, command or None)
        problem = ""
        try:
            argv, env = shell_argv(*where, record=record)
        except OSError as error:
            problem = f"cannot be recorded: {error.strerror or error}"
            argv, env = shell_argv(*where)
        if machine:
            provider().check_access(plan, machine)
        if problem or (record and not command):
            echo(f"lab: what is typed here {problem or _RECORDED}")
        os.execvpe(argv[0], list(argv), env)
