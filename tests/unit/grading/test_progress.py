"""Progress outlives labs; a file that cannot be read is never lost."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from graders.errors import CannotCheck
from graders.grading import progress
from graders.grading.comparison import Measurement
from graders.grading.progress import (
    BREAK_S,
    LaterVersion,
    Run,
    read_progress,
    record,
    solved_labs,
    to_json,
)
from graders.settings import progress_file
from graders.state.lab_state import State
from tests.fuzzing import FUZZ, damaged

if TYPE_CHECKING:
    from pathlib import Path

STATE = State("lab-1-pending-service", "no-pool", "ab12", 0)
THREE = "2026-11-30T03:00:00+00:00"
RUN = Run(
    *("ab12", STATE.lab, "", THREE, THREE, 0, 0, 0),
    solved=False,
    gave_up=False,
)
DOCUMENT = to_json("ada", [RUN])
FOUR = "2026-11-30T04:00:00+00:00"
BGP = Measurement("bgp", "lab-3-bgp-ecmp", FOUR, 200, 12, 0.6, 9.1)
MEASURED = to_json("ada", [RUN], [BGP])
LATER = json.dumps({"version": 2, "student": "ada", "news": []})


class Clock:
    """A time that a test sets."""

    def __init__(self) -> None:
        """Begin at a fixed time."""
        self.time = datetime(2026, 11, 30, 3, tzinfo=UTC)

    def now(self, _: object) -> datetime:
        """Return the time."""
        return self.time


pytestmark = pytest.mark.usefixtures("base")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Have the test's time."""
    clock = Clock()
    reading = type(
        "Reading",
        (datetime,),
        {"now": clock.now, "fromisoformat": datetime.fromisoformat},
    )
    monkeypatch.setattr(progress, "datetime", reading)
    return clock


def test_nothing_yet() -> None:
    """Without a file there are no runs."""
    assert read_progress("ada").runs == []


def test_a_run_from_start_to_pass(clock: Clock) -> None:
    """Attempts, hints and time count; the fault is named once it is found."""
    record("ada", STATE)
    clock.time += timedelta(minutes=5)
    record("ada", replace(STATE, attempts=1, hints=1))
    before = progress_file("ada").read_text()
    clock.time += timedelta(minutes=2)

    run, problem = record(
        "ada", replace(STATE, attempts=2, hints=1), solved=True
    )

    assert "no-pool" not in before
    assert not problem
    assert run
    assert (run.variant, run.solved, run.seconds) == ("no-pool", True, 420)
    assert (run.attempts, run.hints, run.gave_up) == (2, 1, False)
    assert read_progress("ada").runs == [run]
    assert solved_labs([run]) == {STATE.lab}
    assert read_progress("bob").runs == []


def test_breaks_and_clocks(clock: Clock) -> None:
    """A night between two commands, or a clock set back, is no work."""
    record("ada", STATE)
    clock.time += timedelta(hours=9)
    record("ada", STATE)
    clock.time -= timedelta(hours=3)

    run, _ = record("ada", STATE)

    assert run
    assert run.seconds == BREAK_S


def test_after_the_pass(clock: Clock) -> None:
    """Reading the solution, or breaking the lab again, changes nothing."""
    solved, _ = record("ada", replace(STATE, attempts=1), solved=True)
    clock.time += timedelta(minutes=5)

    run, _ = record("ada", replace(STATE, attempts=4, hints=3, gave_up=True))

    assert solved
    assert run == replace(solved, last=run.last if run else "")


def test_given_up() -> None:
    """That stays, also when the lab is solved after it."""
    record("ada", replace(STATE, gave_up=True))

    run, _ = record("ada", replace(STATE, gave_up=True), solved=True)

    assert run
    assert (run.solved, run.gave_up, run.variant) == (True, True, "no-pool")


def test_each_start_is_a_run() -> None:
    """The same lab can be played again."""
    record("ada", STATE, solved=True)
    record("ada", replace(STATE, run="cd34"))

    assert [one.solved for one in read_progress("ada").runs] == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{", "\x00", "null", '{"version": 1}', '{"version": "1"}'),
        '{"version": 0, "runs": []}',
        DOCUMENT.replace('"seconds": 0', '"seconds": "0"'),
        DOCUMENT.replace('"attempts": 0,', ""),
        DOCUMENT.replace("T03:00:00+00:00", "T03:00:00"),
        DOCUMENT.replace('"hints": 0', '"hints": true'),
        MEASURED.replace('"longest": 0.6', '"longest": "0.6"'),
        MEASURED.replace('"mode": "bgp"', '"mode": "ospf"'),
        MEASURED.replace('"lost": 12,', ""),
        MEASURED.replace("T04:00:00+00:00", "T04:00:00"),
    ],
)
def test_damaged_file(text: str) -> None:
    """It is said, and the file is kept under another name."""
    file = progress_file("ada")
    file.parent.mkdir(parents=True)
    file.write_text(text)

    with pytest.raises(CannotCheck, match="is damaged"):
        read_progress("ada")
    run, problem = record("ada", STATE)

    (aside,) = file.parent.glob("*.damaged-*")
    assert aside.read_text() == text
    assert str(aside) in problem
    assert read_progress("ada").runs == [run]


def test_file_of_a_later_version() -> None:
    """It is said, and the file stays as it is."""
    file = progress_file("ada")
    file.parent.mkdir(parents=True)
    file.write_text(LATER)

    with pytest.raises(LaterVersion, match="of version 2"):
        read_progress("ada")
    run, problem = record("ada", STATE)

    assert run is None
    assert "update the kit" in problem
    assert file.read_text() == LATER


def test_a_folder_that_cannot_be_written(base: Path) -> None:
    """The verdict does not depend on it; the reason is said."""
    base.write_text("a file")

    run, problem = record("ada", STATE)

    assert run is None
    assert problem.startswith("progress was not recorded in ")


def test_a_file_that_cannot_be_read() -> None:
    """It is neither replaced nor taken for none."""
    progress_file("ada").mkdir(parents=True)

    with pytest.raises(CannotCheck, match="could not read"):
        read_progress("ada")
    assert "progress was not recorded" in record("ada", STATE).problem
    assert progress_file("ada").is_dir()


def test_measurements() -> None:
    """Of each mode, the last one is kept."""
    layer_2 = replace(BGP, mode="layer-2", rerouted_after=None)
    again = replace(BGP, at="2026-11-30T05:00:00+00:00", lost=3)

    record("ada", STATE, measured=[BGP])
    record("ada", STATE, measured=[layer_2])
    record("ada", STATE, measured=[again])
    record("ada", STATE)

    assert read_progress("ada").measurements == [again, layer_2]


def test_a_file_without_measurements() -> None:
    """One of an earlier day has only runs."""
    document = json.loads(DOCUMENT)
    del document["measurements"]
    file = progress_file("ada")
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(document))

    assert read_progress("ada") == ([RUN], [])


@given(text=damaged(DOCUMENT, MEASURED, LATER))
@FUZZ
def test_any_text(text: str) -> None:
    """A file has runs, or the error says what is wrong with it."""
    file = progress_file("ada")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", errors="surrogateescape")

    runs = []
    with suppress(CannotCheck):
        runs = read_progress("ada").runs

    assert all(isinstance(one, Run) for one in runs)
