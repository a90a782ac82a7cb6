"""What `grade` and `lab hint` do."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from graders.checks.cleanup import clean_session
from graders.checks.session import open_session
from graders.cli.common import locate
from graders.console import Terminal
from graders.course.templates import names
from graders.grading.hints import next_hint
from graders.grading.junit import write_junit
from graders.grading.report import Report
from graders.grading.result import Heading
from graders.grading.runner import run_grade
from graders.lifecycle.early_install import CLUSTER, preload_module
from graders.settings import state_dir
from graders.state import lab_state
from graders.state.current import require_complete

if TYPE_CHECKING:
    from graders.grading.result import GradeResult


def grade(
    student: str, *, as_json: bool, junit: str, full: bool = False
) -> int:
    """Grade the lab that stands; return the exit code.

    With `full`, also by what disturbs the lab and takes its time.

    Raises:
        KitError: nothing stands, or the kit cannot look.

    """
    preload_module(CLUSTER)
    plan = locate(student).plan
    lab, now = require_complete(plan)
    session = open_session(plan, lab, now.variant)
    attempt = now.attempts + 1
    graded = partial(run_grade, lab, now.variant, session, attempt, full=full)
    if as_json:
        with clean_session(session):
            result = graded()
        typer.echo(result.to_json().rstrip())
    else:
        report = Report(Terminal())
        report.head(
            Heading(
                lab=lab.id, title=lab.title, student=student, attempt=attempt
            )
        )
        with clean_session(session):
            result = graded(on_result=report.check)
        report.foot(result)
    if result.interrupted:
        raise KeyboardInterrupt
    lab_state.count_attempt(plan, now)
    if junit:
        write_junit(result, Path(junit))
    return result.exit_code


def hint(student: str) -> None:
    """Grade without a word, and show the next rung for what is broken.

    Raises:
        KitError: nothing stands, or the kit cannot look.

    """
    preload_module(CLUSTER)
    plan = locate(student).plan
    lab, now = require_complete(plan)
    session = open_session(plan, lab, now.variant)
    with clean_session(session):
        result = run_grade(lab, now.variant, session, now.attempts)
    kept = state_dir(student) / "hints.json"
    rungs = _rungs(kept)
    place = f"{now.run} {_first(result)}"
    hint = next_hint(
        lab,
        now.variant,
        result,
        rungs.get(place, 0) + 1,
        plan_vars=names(plan),
    )
    Terminal().print(
        f"hint {hint.rung} of {hint.total_rungs} for {hint.check}: {hint.text}"
        if hint.total_rungs
        else hint.text,
        markup=False,
        highlight=False,
    )
    rungs[place] = hint.rung
    kept.write_text(json.dumps(rungs), encoding="utf-8")


def _first(result: GradeResult) -> str:
    """Return the first check that failed."""
    return next(
        (check.name for check in result.checks if check.outcome == "fail"), ""
    )


def _rungs(kept: Path) -> dict[str, Any]:
    """Return how far each ladder was climbed; damage starts them anew."""
    try:
        found = json.loads(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
