"""times.yml: written and read the same, and mistakes have their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from graders.classroom.seats.times import Times
from graders.classroom.seats.times_file import (
    read_times,
    refusals,
    write_times,
)
from graders.errors import UsageError
from tests.classes import LESSONS
from tests.fuzzing import FUZZ, damaged, read

if TYPE_CHECKING:
    from pathlib import Path


def _read(folder: Path, text: str) -> Times:
    file = folder / "times.yml"
    file.write_text(text, "utf-8")
    return read_times(file)


def test_written_and_read(tmp_path: Path) -> None:
    """Sessions are in order of their begins; nothing is lost."""
    times = _read(tmp_path, LESSONS)
    file = tmp_path / "new.yml"
    write_times(file, Times(sessions=times.sessions[::-1]))

    assert read_times(file) == times


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("09:00+01:00", "09:00", "3: sessions.0.begin .* expected a moment"),
        ("01-11 09:00", "01-11 11:00", "2: .* end must come after begin"),
        ("2027-01-11", "9999-12-31", "3: .* expected a moment"),
        ("2027-01-11 09:00+01:00", "monday", "3: .* Invalid isoformat"),
        ("2027-01-11 09:00+01:00", "2027-01-11", "3: .* valid datetime"),
        ("[1, 2]", "[]", "5: sessions.0.labs must have 1 or more entries"),
        ("kind: exam", "kind: test", "11: .* one of 'lesson' or 'exam'"),
        ("{ada: 15}", "{ada: 15 %}", "15: .*ada must be a whole number"),
        ("name: lesson 2", "name: lesson 1", "6: .* must come only once"),
        ("name: lesson 2", "name: <b>", "6: .* must be 1 to 40 letters"),
        ("kind: exam", "type: exam", "11: sessions.2.type is not a key"),
    ],
)
def test_mistakes(tmp_path: Path, old: str, new: str, said: str) -> None:
    """Each has its line."""
    with pytest.raises(UsageError, match=rf"/times\.yml:{said}") as caught:
        _read(tmp_path, LESSONS.replace(old, new, 1))

    assert len(caught.value.problems) == 1


def test_unwritable(tmp_path: Path) -> None:
    """The reason is said."""
    with pytest.raises(UsageError, match="could not write"):
        write_times(tmp_path / "none" / "times.yml", Times())


def test_a_change_counts_at_once(tmp_path: Path) -> None:
    """A service that runs for weeks reads the file again."""
    file = tmp_path / "times.yml"
    refusal = refusals(file, "ada")
    assert refusal("start", "6") == ""

    file.write_text(LESSONS, "utf-8")
    assert refusal("start", "6") == "lab 6 is in no lesson of this class"

    file.write_text("sessions: 1", "utf-8")
    with pytest.raises(UsageError, match="sessions must be a list"):
        refusal("start", "6")


@FUZZ
@given(text=damaged(LESSONS))
def test_anything(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """A damaged file is read, or refused in words."""
    file = tmp_path_factory.mktemp("c") / "times.yml"
    file.write_text(text, "utf-8", "surrogatepass")
    read(lambda: read_times(file))
