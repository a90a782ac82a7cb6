"""`lab down`."""

from __future__ import annotations

from graders.cli.common import Student, command_context, echo
from graders.errors import CannotCheck


def down(student: Student = "demo") -> None:
    """Remove the student's lab, and nothing else."""
    from graders.lifecycle import lifecycle
    from graders.lifecycle.playbook import run_playbook
    from graders.providers.base import ProviderDown
    from graders.providers.registry import provider

    with command_context("lab down", student, locked=True):
        try:
            plan, left_alone = provider().removal(student)
        except ProviderDown as error:
            # Containers come back with their engine.
            raise CannotCheck(
                f"{error.problems[0]}, so nothing was taken down",
                remedy=f"{error.remedy}; then run `lab down` again",
            ) from None
        run_playbook("down", lifecycle.extra_vars(plan), student=student)
        for line in left_alone:
            echo(f"lab: {line}")
