"""Hints and grades are counted, for the result and for progress."""

from __future__ import annotations

import json
import socket
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from graders.checks import cleanup
from graders.classroom.board import outbox
from graders.cli import running_lab
from graders.cli.main import grade_app, lab_app
from graders.course.lab import load_lab
from graders.grading import runner
from graders.grading.progress import read_progress
from graders.grading.result import CheckResult, Heading, summarise
from graders.plan.plan import make_plan
from graders.settings import ticket_file
from graders.state import lab_state
from graders.state.lab_state import State

if TYPE_CHECKING:
    from pathlib import Path

    from graders.grading.result import GradeResult

PLAN = make_plan()
LAB = load_lab("1")
STATE = State(LAB.id, "no-pool", "ab", 0)


class Running:
    """A lab that is running, and whether it is repaired."""

    def __init__(self) -> None:
        """Begin broken."""
        self.repaired = False

    def opened(self, _: str) -> tuple[SimpleNamespace, State]:
        """Return session and state."""
        state = lab_state.read(PLAN)
        assert state
        session = SimpleNamespace(plan=PLAN, lab=LAB, variant=state.variant)
        return session, state

    def grade(self, *_: object, **__: object) -> GradeResult:
        """Return the verdict."""
        check = CheckResult(
            name="vip",
            layer="allocation",
            sentence="web has an address",
            outcome="pass" if self.repaired else "fail",
            points=0,
            max_points=1,
            seconds=0.1,
        )
        heading = Heading(
            lab=LAB.id, title=LAB.title, student="demo", attempt=1
        )
        return summarise(heading, [check], 0.1)


@pytest.fixture(autouse=True)
def running(monkeypatch: pytest.MonkeyPatch, base: Path) -> Running:
    """Have lab 1 running."""
    (base / "demo" / "lab").mkdir(parents=True)
    lab_state.record(PLAN, STATE, {}, {})
    running = Running()
    monkeypatch.setattr(running_lab, "open_running_lab", running.opened)
    monkeypatch.setattr(cleanup, "clean_session", lambda *_: nullcontext())
    monkeypatch.setattr(runner, "run_grade", running.grade)
    return running


def _hint() -> str:
    return CliRunner().invoke(lab_app, ["hint"]).stdout


def _grade(*argv: str) -> str:
    return CliRunner().invoke(grade_app, argv).stdout


def test_hints_are_counted_once() -> None:
    """The last of a ladder, shown again, is no further hint."""
    rungs = [_hint()[:11] for _ in range(4)]

    state = lab_state.read(PLAN)
    assert rungs == ["hint 1 of 3", "hint 2 of 3", *2 * ["hint 3 of 3"]]
    assert state == replace(STATE, hints=3)
    assert [one.hints for one in read_progress("demo").runs] == [3]
    assert json.loads(_grade("--json"))["hints"] == 3


def test_a_pass_is_recorded_with_a_debrief(running: Running) -> None:
    """An attempt counts; the debrief is for people, not for programs."""
    broken = _grade()
    running.repaired = True
    solved = _grade()

    (run,) = read_progress("demo").runs
    assert "What it was" not in broken
    assert "Solved. 0 of 1 points" in solved
    assert "What it was   MetalLB runs without a pool" in solved
    assert (run.solved, run.attempts, run.variant) == (True, 2, "no-pool")
    assert json.loads(_grade("--json"))["solved"]


def test_pages_and_junit(tmp_path: Path) -> None:
    """Files are written next to what is printed."""
    _grade("--html", f"{tmp_path}/a.html", "--junit", f"{tmp_path}/a.xml")

    assert "Lab 1: Pending Service" in (tmp_path / "a.html").read_text()
    assert "<testsuite" in (tmp_path / "a.xml").read_text()


def test_giving_up_is_in_the_result() -> None:
    """Who reads it knows that the solution was shown."""
    lab_state.mark_given_up(PLAN, STATE)

    assert json.loads(_grade("--json"))["gave_up"]


def test_a_board_that_does_not_answer(
    running: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The verdict is the same; the events wait, with no fault's name."""
    before = CliRunner().invoke(grade_app, ["--json"])
    monkeypatch.setenv("METALLB_LAB_CONFIG", str(tmp_path / "config"))
    ticket_file("demo").parent.mkdir(parents=True)
    ticket_file("demo").write_text("a ticket")
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        monkeypatch.setenv("CLASS_URL", f"http://127.0.0.1:{port}")
        done = CliRunner().invoke(grade_app, ["--json"])
        assert _hint().startswith("hint 1 of 3")
        running.repaired = True
        passed = CliRunner().invoke(grade_app, ["--json"])

    assert (before.exit_code, done.exit_code, passed.exit_code) == (1, 1, 0)
    assert before.stdout == done.stdout
    assert "gets this with the next command's" in done.stderr
    events = outbox.waiting("demo")
    assert [one["event"] for one in events] == ["grade", "hint", "grade"]
    assert [one.get("solved") for one in events] == [False, None, True]
    assert "no-pool" not in str(events)
