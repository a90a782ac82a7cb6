"""How tests tell a command that did not work from a wrong verdict.

A live test whose command failed is run once more, and the report says so: on
two cores an engine or a cluster is at times too slow. A test whose assertion
failed is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from subprocess import CompletedProcess

    from graders.grading.result import GradeResult


class CommandFailedError(Exception):
    """A command that a test needs did not work."""


def output(done: CompletedProcess[str]) -> str:
    """Return what a command wrote.

    Raises:
        CommandFailedError: its exit status is not 0.

    """
    if done.returncode != 0:
        raise CommandFailedError(f"{done.args}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def checked(result: GradeResult) -> GradeResult:
    """Return a grade that could look at everything.

    Raises:
        CommandFailedError: a check could not be carried out.

    """
    if result.errors:
        raise CommandFailedError(result.summary)
    return result
