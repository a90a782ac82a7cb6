"""Grade one lab: run its checks through pytest, in this process."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from graders.grading.plugin import GradePlugin
from graders.grading.result import Heading, summarise
from graders.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from graders.course.lab import Lab
    from graders.grading.plugin import SessionLike
    from graders.grading.result import Cause, CheckResult, GradeResult

# No pytest settings of the repository or the user may have an effect.
ISOLATED: Final = (
    "-c",
    os.devnull,
    f"--rootdir={ROOT}",
    "--noconftest",
    "--disable-plugin-autoload",
    "--import-mode=importlib",
    "-p",
    "no:terminal",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:faulthandler",
)
_FOREIGN: Final = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_CURRENT_TEST")


def run_grade(  # noqa: PLR0913 - what to grade, and how to report it
    lab: Lab,
    variant: str,
    session: SessionLike,
    attempt: int,
    *,
    on_result: Callable[[CheckResult], None] | None = None,
    full: bool = False,
    grader_file: Path | None = None,
) -> GradeResult:
    """Run every check of `lab` and return the result.

    `attempt` counts from 1. `on_result` is called with each check's result
    as soon as it is there. With `full`, checks that disturb the lab to
    measure it run, too. `grader_file` is the lab's own by default. Ctrl-C
    ends the run: the checks left have the cause `interrupted`.

    Raises:
        UsageError: the lab has no such variant.
        OSError: `on_result` could not print.

    """
    lab.variant(variant)
    start = time.monotonic()
    plugin = GradePlugin(lab, variant, session, on_result, full=full)
    plugin.close(*_run(plugin, grader_file or lab.grader_file))
    heading = Heading(
        lab=lab.id,
        title=lab.title,
        student=session.plan.student,
        attempt=attempt,
    )
    return summarise(
        heading, list(plugin.results.values()), time.monotonic() - start
    )


def _run(plugin: GradePlugin, file: Path) -> tuple[Cause, str]:
    """Run pytest; return why checks may have no result."""
    if not file.is_file():
        return "kit", f"the kit has no grader file {file.name}"
    with _without(_FOREIGN):
        code = pytest.main([*ISOLATED, str(file)], plugins=[plugin])
    if code == pytest.ExitCode.INTERRUPTED:
        return "interrupted", "interrupted"
    return "kit", f"a fault of the kit, not yours: pytest ended with {code!r}"


@contextmanager
def _without(names: tuple[str, ...]) -> Iterator[None]:
    """Hide environment variables within a `with` block."""
    hidden = {
        name: os.environ.pop(name) for name in names if name in os.environ
    }
    try:
        yield
    finally:
        os.environ.update(hidden)
