"""`lab solution` is for who has solved the lab, or gives up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from graders.cli.main import lab_app
from graders.grading.progress import read_progress, record
from graders.plan.plan import make_plan
from graders.providers.base import Location
from graders.providers.kind import KindProvider
from graders.state import lab_state
from graders.state.lab_state import State

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

PLAN = make_plan()
STATE = State("lab-1-pending-service", "no-pool", "ab", 2)


def _solution(*argv: str) -> Result:
    return CliRunner().invoke(lab_app, ["solution", *argv])


@pytest.fixture(autouse=True)
def running(monkeypatch: pytest.MonkeyPatch, base: Path) -> None:
    """Have lab 1 running."""
    location = Location(PLAN, exists=True)
    monkeypatch.setattr(KindProvider, "locate", lambda *_: location)
    (base / "demo" / "lab").mkdir(parents=True)
    lab_state.record(PLAN, STATE, {}, {})


def test_unsolved() -> None:
    """It says what to do, and shows nothing."""
    done = _solution()

    assert (done.exit_code, done.stdout) == (2, "")
    assert "lab-1-pending-service is not solved" in done.stderr
    assert "`lab solution --give-up`" in done.stderr
    assert "no-pool" not in done.stderr


def test_solved() -> None:
    """The walkthrough has the student's numbers."""
    record("demo", STATE, solved=True)

    done = _solution()

    assert done.exit_code == 0
    assert "No pool at all" in done.stdout
    assert str(PLAN.pool) in done.stdout
    assert not read_progress("demo").runs[0].gave_up


def test_given_up() -> None:
    """That is recorded, and from then on the solution can be read."""
    first = _solution("--give-up")

    state = lab_state.read(PLAN)
    assert "No pool at all" in first.stdout
    assert state
    assert state.gave_up
    assert [one.gave_up for one in read_progress("demo").runs] == [True]
    assert _solution().stdout == first.stdout


def test_a_lab_that_was_solved_before() -> None:
    """Its walkthrough is there while another lab runs, or none."""
    record("demo", State("lab-2-layer-2", "no-endpoints", "x", 1), solved=True)

    done = _solution("2")

    assert "The Service has no endpoints" in done.stdout


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("2",), "lab-2-layer-2 is not solved"),
        (("2", "--give-up"), "--give-up is about the running lab"),
        (("77",), "lab must be one of"),
    ],
)
def test_wrong_usage(argv: tuple[str, ...], words: str) -> None:
    """It ends with 2."""
    done = _solution(*argv)

    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr
