"""The journal of a run, and what shows that it was changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.state import journal
from graders.state.lab_state import State

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan()
STATE = State("lab-1-pending-service", "no-pool", "ab12", 0)


@pytest.fixture(autouse=True)
def folder(base: Path) -> Path:
    """Return the folder of the running lab's state."""
    return base / "demo" / "lab"


def _run() -> str:
    journal.begin(PLAN, STATE, {"kit": "0.2.0"})
    journal.append(PLAN, STATE, journal.HINT, {"number": 1})
    journal.append(PLAN, STATE, journal.GRADE, {"attempt": 1})
    return journal.read(PLAN)


def test_lines() -> None:
    """Each line says what was done, in order, and follows from the last."""
    text = _run()

    entries = journal.parse(text)
    assert [one.event for one in entries] == ["start", "hint", "grade"]
    assert [one.n for one in entries] == [0, 1, 2]
    assert entries[0].before == ""
    assert entries[1].data == {"number": 1}
    assert {one.run for one in entries} == {"ab12"}
    assert journal.chain_problems(text) == []
    assert "no-pool" not in text


def test_a_start_begins_another() -> None:
    """The journal of the run before ends."""
    _run()

    journal.begin(PLAN, STATE, {})

    assert len(journal.parse(journal.read(PLAN))) == 1


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"number": 1', '"number": 0', "line 3 does not follow"),
        ('"n": 2', '"n": 3', "line 3: expected number 2, not 3"),
        ('"event": "hint"', '"event": "nap"', "line 2 is no line"),
        ("{", "[", "line 1 is no line"),
        ("+00:00", "", "line 1 is no line"),
    ],
)
def test_changed(old: str, new: str, problem: str) -> None:
    """A changed line shows in itself, or in the line after it."""
    text = _run().replace(old, new)

    assert any(problem in one for one in journal.chain_problems(text))


def test_removed() -> None:
    """So does a line that was removed."""
    first, _, third = _run().splitlines()

    problems = journal.chain_problems(f"{first}\n{third}\n")

    assert any("does not follow" in one for one in problems)


def test_clock_set_back() -> None:
    """A line that is earlier than the one before is told."""
    first, second, _ = _run().splitlines()
    entry = json.loads(second) | {"time": "2020-01-01T00:00:00+00:00"}

    problems = journal.chain_problems(f"{first}\n{json.dumps(entry)}\n")

    assert problems == ["line 2 is earlier than the line before"]


def test_damaged(folder: Path) -> None:
    """A damaged journal goes on, and stays visibly damaged."""
    _run()
    (folder / "journal").write_bytes(b"\xff\0not json")

    journal.append(PLAN, STATE, journal.RESET, {})

    text = journal.read(PLAN)
    assert journal.chain_problems(text) == ["line 1 is no line of a journal"]
    assert '"event": "reset"' in text


def test_missing() -> None:
    """A lab of an earlier version of the kit has none; it begins late."""
    journal.append(PLAN, STATE, journal.GRADE, {})

    assert journal.parse(journal.read(PLAN))[0].event == "grade"


def test_full(folder: Path) -> None:
    """A journal does not grow for ever."""
    _run()
    (folder / "journal").write_text("x" * 1_000_000)

    with pytest.raises(CannotCheck, match="is full"):
        journal.append(PLAN, STATE, journal.GRADE, {})
