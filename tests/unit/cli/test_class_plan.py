"""`lab class plan` and `lab class move` as they are typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from graders.classroom.class_folder import open_class
from graders.classroom.enrolment import enrol
from graders.classroom.seats.seat_plan import read_seat_plan, seats_file
from graders.cli.main import lab_app
from tests.classes import a_class, entries

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from graders.classroom.class_folder import Class
    from graders.classroom.seats.seat_plan import SeatPlan

STUDENTS = ("ada", "bob", "cyd", "dan")
LARGE = "{seat_cores: 8, seat_memory_mib: 32000, seat_disk_mib: 200000}"


@pytest.fixture
def course(tmp_path: Path) -> Class:
    """Make a class of four with two machines."""
    made = a_class(tmp_path / "class", *STUDENTS)
    _machines(made, "room-1", "room-2")
    return made


def _machines(course: Class, *names: str, sizes: str = LARGE) -> None:
    lines = [f"    {name}: {sizes}\n" for name in names]
    text = "machines:\n  hosts:\n" + "".join(lines)
    (course.folder / "machines.yml").write_text(text, "utf-8")


def _lab(course: Class, verb: str, *argv: str) -> Result:
    command = ["class", verb, "--class", str(course.folder), *argv]
    return CliRunner().invoke(lab_app, command)


def _plan(course: Class) -> SeatPlan:
    return read_seat_plan(open_class(course.folder))


def test_plan(course: Class) -> None:
    """Everyone has a seat, and what is not measured is named."""
    done = _lab(course, "plan")

    assert done.exit_code == 0
    assert "a seat needs " in done.stdout
    assert "room-1   8      31.2 GiB" in done.stdout
    assert "4 seats (trusted) in " in done.stdout
    assert {it.student for it in _plan(course).seats} == {*STUDENTS}
    assert len(_plan(course).on("room-1")) == 2


def test_only_some_labs(course: Class) -> None:
    """A class without the largest lab has more places."""
    _lab(course, "plan")
    everything = _plan(course).places["room-1"]
    _machines(course, "room-1", sizes=LARGE.replace("32000", "12000"))
    _lab(course, "plan", "--labs", "6")
    gateway = _plan(course).places["room-1"]
    done = _lab(course, "plan", "--labs", "1, lab-2")

    assert done.exit_code == 0
    assert gateway < _plan(course).places["room-1"] < everything
    assert "lab must be one of" in _lab(course, "plan", "--labs", "x").stderr


def test_the_labs_of_the_lessons(course: Class) -> None:
    """They are those that seats must be large enough for."""
    _lab(course, "plan", "--labs", "1")
    small = _plan(course).places
    (course.folder / "times.yml").write_text(
        "sessions:\n- name: a\n  begin: 2027-01-11 09:00+00:00\n"
        "  end: 2027-01-11 10:00+00:00\n  labs: [1]\n",
        "utf-8",
    )
    done = _lab(course, "plan")
    assert done.exit_code == 0
    assert _plan(course).places == small


def test_it_does_not_fit(course: Class) -> None:
    """Nothing is written, and what would be enough is said."""
    _machines(course, "room-1", sizes=LARGE.replace("32000", "4000"))
    done = _lab(course, "plan")

    assert done.exit_code == 2
    assert "memory" in done.stdout
    assert "no room for 3 of 4 students: " in done.stderr
    assert "nothing was written; add machines to machines.yml" in done.stderr
    assert not seats_file(course).exists()


def test_an_exam(course: Class) -> None:
    """It takes a machine for each."""
    done = _lab(course, "plan", "--isolation", "exam")
    assert done.exit_code == 2
    assert "one in an exam" in done.stdout
    assert "add 2 machines to machines.yml, each with" in done.stderr

    _machines(course, "a", "b", "c", "d")
    assert _lab(course, "plan", "--isolation", "exam").exit_code == 0
    assert len(_plan(course).machines) == 4
    assert _plan(course).isolation == "exam"

    odd = _lab(course, "plan", "--isolation", "none")
    assert odd.exit_code == 2
    assert "--isolation must be trusted or exam" in odd.stderr


def test_students_come_and_go(course: Class) -> None:
    """Who is new is named; who has left keeps a seat until it is dropped."""
    _lab(course, "plan")
    before = _plan(course)
    enrol(course, entries("ada", "bob", "cyd", "eve"))
    done = _lab(course, "plan")

    assert "new: eve" in done.stdout
    assert "no longer in the class, seats kept: dan" in done.stdout
    for seat in before.seats:
        assert _plan(course).seat(seat.student) == seat

    done = _lab(course, "plan", "--drop", "dan")
    assert done.exit_code == 0
    assert "dan" not in {it.student for it in _plan(course).seats}


def test_a_machine_more(course: Class) -> None:
    """Seats move there only if that is wanted."""
    _lab(course, "plan")
    _machines(course, "room-1", "room-2", "room-3")

    assert "moved" not in _lab(course, "plan").stdout
    assert not _plan(course).on("room-3")
    done = _lab(course, "plan", "--balance")
    assert done.stdout.count("moved: ") == 1
    assert len(_plan(course).on("room-3")) == 1


def test_a_lost_machine(course: Class) -> None:
    """Its students move, and it is used again once it is found."""
    _lab(course, "plan")
    done = _lab(course, "move", "--lost", "room-1")

    assert done.exit_code == 0
    assert done.stdout.count(" from room-1 to room-2\n") == 2
    assert "lost" in _lab(course, "plan").stdout
    assert _plan(course).machines == ("room-2",)

    assert _lab(course, "plan", "--found", "room-1").exit_code == 0
    student = _plan(course).seats[0].student
    done = _lab(course, "move", student, "--to", "room-1")
    assert done.stdout == f"moved: {student} from room-2 to room-1\n"
    assert _plan(course).seat(student).machine == "room-1"


def test_no_room_after_a_loss(course: Class) -> None:
    """Who has no seat is named, and the others' moves are kept."""
    small = LARGE.replace("seat_cores: 8", "seat_cores: 1")
    _machines(course, "room-1", "room-2", sizes=small)
    assert _lab(course, "plan").exit_code == 0
    done = _lab(course, "move", "--lost", "room-1")

    assert done.exit_code == 2
    assert "no machine has room for " in done.stderr
    assert "`lab class plan`" in done.stderr
    assert _plan(course).lost == ("room-1",)


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("ada",),
        ("--to", "room-1"),
        ("ada", "--to", "room-1", "--lost", "room-2"),
        ("ada", "--lost", "room-2"),
    ],
)
def test_odd_moves(course: Class, argv: tuple[str, ...]) -> None:
    """The two forms are said."""
    _lab(course, "plan")
    done = _lab(course, "move", *argv)

    assert done.exit_code == 2
    assert "`lab class move --lost room-1`" in done.stderr


def test_what_is_missing(course: Class) -> None:
    """Files that the teacher has to write are named."""
    done = _lab(course, "move", "--lost", "a")
    assert "`lab class plan` gives" in done.stderr
    _machines(course, "room-1", sizes="{seat_cores: 4}")
    done = _lab(course, "plan")
    assert done.exit_code == 3
    assert "could not ask what these machines have: room-1" in done.stderr
    (course.folder / "machines.yml").unlink()
    assert "docs/seats.md has an example" in _lab(course, "plan").stderr
    _machines(course, "room-1")
    course.roster.unlink()
    done = _lab(course, "plan")
    assert done.exit_code == 2
    assert "`lab class roster FILE.csv`" in done.stderr
