"""`lab up`."""

from __future__ import annotations

import typer

from graders.cli.common import Student, command_context


def up(student: Student = "demo") -> None:
    """Create or repair the cluster and the machines, without a lab."""
    from graders.cli.plans import with_plan
    from graders.lifecycle import lifecycle

    with command_context("lab up", student, locked=True):
        changed = with_plan(
            student, lambda status: lifecycle.up(status.location.plan)
        )
        typer.echo(f"the lab is up ({changed} tasks changed)")
