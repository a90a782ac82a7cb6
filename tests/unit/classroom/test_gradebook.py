"""Scores go into the files that Canvas and Moodle export, and nothing else."""

from __future__ import annotations

import csv
import io

import pytest

from graders.classroom.gradebook import Filled, fill
from graders.errors import UsageError
from tests.regraded_rows import row

CANVAS = """\
\ufeffStudent,ID,SIS User ID,SIS Login ID,Group,Lab 1 (4711),Lab 11 (4712),Sum
,,,,,Manual Posting,,(read only)
    Points Possible,,,,,50,10,(read only)
"Lovelace, Ada",101,s101,ada,"A, B",,7,
"Doe, Bob",102,s102,bob@example.org,A,3,,
"Student, Test",103,,abc,A,,,
"""
MOODLE = """\
First name,Last name,ID number,Email address,Assignment: lab-1 (Real),\
Assignment: lab-1 (Percentage),Last downloaded from this course
Ada,Lovelace,ada,x@example.org,-,-,1764486000
Bob,Doe,,bob@example.org,-,-,1764486000
"""


def table(filled: Filled) -> list[list[str]]:
    """Return the cells of a filled gradebook."""
    return list(csv.reader(io.StringIO(filled.text.removeprefix("\ufeff"))))


def test_canvas() -> None:
    """Points are scaled to those of the assignment; other cells stay."""
    filled = fill(CANVAS, [row("ada"), row("bob", failed="vip")], {}, {})

    cells = table(filled)
    before = list(csv.reader(io.StringIO(CANVAS.removeprefix("\ufeff"))))
    assert cells[3][5] == "50"
    assert 0 < float(cells[4][5]) < 50
    for ours, theirs in zip(cells, before, strict=True):
        assert ours[:5] + ours[6:] == theirs[:5] + theirs[6:]
    assert filled.text.startswith("\ufeff")
    assert (filled.count, filled.missing) == (2, [])


def test_moodle() -> None:
    """A column is named where two could be meant."""
    columns = {
        row().lab: "Assignment: lab-1 (Percentage)",
    }
    filled = fill(MOODLE, [row("ada"), row("bob")], columns, {})

    assert [cells[5] for cells in table(filled)[1:]] == ["100", "100"]
    assert [cells[4] for cells in table(filled)[1:]] == ["-", "-"]


def test_points_as_they_are_where_none_are_named() -> None:
    """Moodle's export does not say how many there can be."""
    columns = {row().lab: "Assignment: lab-1 (Real)"}
    one = row("ada")
    assert one.verified

    filled = fill(MOODLE, [one], columns, {})

    assert table(filled)[1][4] == str(one.verified.points)


def test_a_login_of_the_roster() -> None:
    """The name of a lab's student may be made from the login."""
    text = CANVAS.replace(",ada,", ",Ada.Lovelace,")

    filled = fill(text, [row("ada")], {}, {"ada": ["ada.lovelace"]})

    assert filled.count == 1


def test_a_student_who_is_not_there() -> None:
    """It is told, and nobody else gets the points."""
    filled = fill(CANVAS, [row("zoe")], {}, {})

    assert filled.missing == ["zoe"]
    assert table(filled)[3][5] == ""


def test_two_rows_for_a_student() -> None:
    """Whose points they are cannot be guessed."""
    text = CANVAS.replace("bob@example.org", "ada@example.org")

    with pytest.raises(UsageError, match="2 rows for ada; give --roster"):
        fill(text, [row("ada")], {}, {})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has no column with logins"),
        ("Name,Lab 1\nada,\n", "has no column with logins"),
        ("Username,Lab 2\nada,\n", "has no column for lab-1-pending"),
        ("Username,Lab 1,lab-1 again\nada,,\n", "has 2 columns for lab-1"),
    ],
)
def test_no_gradebook(text: str, problem: str) -> None:
    """The error says which columns there are, and how to name one."""
    with pytest.raises(UsageError, match=problem):
        fill(text, [row("ada")], {}, {})


def test_points_possible_that_are_no_number() -> None:
    """Canvas writes words into columns that it calculates."""
    text = CANVAS.replace(",50,10,", ",(read only),10,")
    one = row("ada")
    assert one.verified

    filled = fill(text, [one], {}, {})

    assert table(filled)[3][5] == str(one.verified.points)


def test_a_short_row() -> None:
    """A program may leave empty cells out."""
    filled = fill("Username,Lab 1\nada\n", [row("ada")], {}, {})

    assert filled.count == 1
