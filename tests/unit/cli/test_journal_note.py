"""Commands write the journal, and no command depends on it."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from graders.cli.journal_note import (
    kept_journal,
    note,
    note_grade,
    note_start,
)
from graders.plan.plan import make_plan
from graders.state import journal
from graders.state.lab_state import State
from tests.submissions import vip_result

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan()
STATE = State("lab-1-pending-service", "no-pool", "ab", 0)


@pytest.fixture(autouse=True)
def folder(base: Path) -> Path:
    """Return the folder of the running lab's state."""
    return base / "demo" / "lab"


def test_lines() -> None:
    """A start says which kit, and a grade what it found."""
    result = vip_result(solved=False, student="demo")

    note_start(PLAN, STATE, chosen=True)
    note(PLAN, STATE, journal.HINT, {"number": 1, "check": "vip"})
    note_grade(PLAN, STATE, result, full=True)

    text = journal.read(PLAN)
    start, hint, grade = (entry.data for entry in journal.parse(text))
    assert start["chosen"] is True
    assert len(start["recipe"]) == 8
    assert hint == {"number": 1, "check": "vip"}
    document = result.to_json().encode()
    assert grade == {
        "attempt": 1,
        "full": True,
        "solved": False,
        "points": 0,
        "total": 10,
        "first_broken_layer": "allocation",
        "failed": ["vip"],
        "hints": 0,
        "result": sha256(document).hexdigest(),
    }
    assert "no-pool" not in json.dumps([start, hint, grade])


def test_kept(folder: Path) -> None:
    """A reset that builds the lab from nothing keeps the journal."""
    note_start(PLAN, STATE, chosen=False)
    before = journal.read(PLAN)

    with kept_journal(PLAN):
        (folder / "journal").unlink()

    assert journal.read(PLAN) == before


def test_not_replaced() -> None:
    """One that went on meanwhile is left as it is, and none stays none."""
    with kept_journal(PLAN):
        note_start(PLAN, STATE, chosen=False)
    text = journal.read(PLAN)

    with kept_journal(PLAN):
        note(PLAN, STATE, journal.RESET, {})

    assert journal.read(PLAN).startswith(text)
    assert len(journal.parse(journal.read(PLAN))) == 2


def test_unwritable(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be written is one line, and no error."""
    folder.parent.mkdir(parents=True)
    folder.touch()

    note_start(PLAN, STATE, chosen=False)
    note(PLAN, STATE, journal.RESET, {})

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("lab: the journal was not written: could not")
