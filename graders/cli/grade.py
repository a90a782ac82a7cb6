"""`grade`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.common import Student, command_context, tell_on_stderr

if TYPE_CHECKING:
    from graders.checks.session import Session
    from graders.grading.report import Report
    from graders.grading.result import GradeResult
    from graders.state.lab_state import State


def grade(  # noqa: PLR0913, PLR0917 - options of a command
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document.")
    ] = False,
    junit: Annotated[
        str, typer.Option(metavar="FILE", help="Write JUnit XML, too.")
    ] = "",
    html: Annotated[
        str,
        typer.Option(metavar="FILE", help="Write a page for a browser, too."),
    ] = "",
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="Measure by isolating a node, too: a minute."
        ),
    ] = False,
    student: Student = "demo",
) -> None:
    """Check the running lab: what works, which layer is broken, and why.

    Ends with 0 solved, 1 not solved, 2 wrong usage, 3 could not check.
    """
    from graders.cli.progress_note import known_measurements
    from graders.grading.documents import write_document
    from graders.grading.html_report import to_html
    from graders.grading.junit import to_junit

    with command_context("grade", student, locked=True):
        result, session = grade_lab(student, as_json=json, full=full)
        if junit:
            write_document(Path(junit), to_junit(result), "--junit")
        if html:
            measured = known_measurements(student)
            page = to_html(result, session.lab, session.plan, measured)
            write_document(Path(html), page, "--html")
        sys.exit(result.exit_code)


def grade_lab(
    student: str, *, as_json: bool, full: bool
) -> tuple[GradeResult, Session]:
    """Grade and print the result; return what it is of, too.

    Raises:
        KitError: no lab is running, or the kit cannot look.

    """
    from graders.checks.cleanup import clean_session
    from graders.cli.journal_note import note_grade
    from graders.grading.documents import keep_result
    from graders.grading.runner import run_grade
    from graders.state import lab_state

    session, state = _open(student)
    attempt = state.attempts + 1
    report = None if as_json else _report(session, attempt)
    with clean_session(session, tell_on_stderr("grade")):
        result = run_grade(
            session.lab,
            session.variant,
            session,
            attempt,
            on_result=report.check if report else None,
            full=full,
        ).with_help(state.hints, gave_up=state.gave_up)
        if report:
            report.foot(result)
            report.outages(result)
        else:
            typer.echo(result.to_json().rstrip())
        keep_result(result)
        if result.interrupted:
            raise KeyboardInterrupt
    state = lab_state.count_attempt(session.plan, state)
    note_grade(session.plan, state, result, full=full)
    _conclude(session, state, result, report)
    return result, session


def _conclude(
    session: Session, state: State, result: GradeResult, report: Report | None
) -> None:
    """Record and tell the progress; compare what was measured, and debrief."""
    from graders.cli.board_events import tell_grade
    from graders.cli.debrief import show_debrief
    from graders.cli.progress_note import known_measurements, note_progress
    from graders.grading.comparison import comparison_lines, measurements

    student = session.plan.student
    now = datetime.now(UTC).isoformat(timespec="seconds")
    measured = measurements(result, now)
    run = note_progress(
        student, state, solved=result.solved, measured=measured
    )
    if report and measured:
        report.lines(["", *comparison_lines(known_measurements(student))])
    if report and result.solved:
        show_debrief(session.plan, session.lab, state, run)
    tell_grade(student, state, result)


def _open(student: str) -> tuple[Session, State]:
    """Open the running lab; say if it does not count for a class."""
    from graders.cli.running_lab import open_running_lab
    from graders.cli.ticket_note import note_ticket

    session, state = open_running_lab(student)
    note_ticket(session.plan, "grade")
    return session, state


def _report(session: Session, attempt: int) -> Report:
    """Return a report with its heading printed; a terminal's is short."""
    from graders.console import Terminal
    from graders.grading.report import Report
    from graders.grading.result import Heading
    from graders.grading.screen_report import ScreenReport

    report = (ScreenReport if sys.stdout.isatty() else Report)(Terminal())
    report.head(
        Heading(
            lab=session.lab.id,
            title=session.lab.title,
            student=session.plan.student,
            attempt=attempt,
        )
    )
    return report
