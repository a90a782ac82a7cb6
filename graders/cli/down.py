"""`lab down`."""

from __future__ import annotations

import typer

from graders.cli.common import Student, command_context


def down(student: Student = "demo") -> None:
    """Remove the student's lab, and nothing else."""
    from graders.cli.plans import plan_or_default
    from graders.lifecycle import lifecycle
    from graders.lifecycle.playbook import run_playbook
    from graders.providers.docker import EngineDown

    with command_context("lab down", student, locked=True):
        try:
            foreign = _foreign_hosts(student)
        except EngineDown:
            typer.echo("no container engine is running, so no lab is, either")
            return
        plan = plan_or_default(student)
        run_playbook("down", lifecycle.extra_vars(plan), student=student)
        for line in foreign:
            typer.echo(f"lab: {line}", err=True)


def _foreign_hosts(student: str) -> list[str]:
    """Return the hosts that are left alone because they are another lab's.

    Raises:
        KitError: docker does not let the kit in, or hosts do not answer or
            are all another lab's.

    """
    from graders.errors import CannotCheck
    from graders.providers.docker import EngineDown, EngineForbidden
    from graders.providers.environment import inventory
    from graders.providers.kind import locate
    from graders.providers.ownership import foreign_hosts

    try:
        plan = locate(student).plan
        hosts = inventory()
        return foreign_hosts(hosts, plan) if hosts else []
    except (EngineDown, EngineForbidden):
        raise
    except CannotCheck:
        if inventory():
            raise
        # Containers carry the student's label; the plan only has names.
        return []
