"""What machines get to know of seats."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from graders.classroom.enrolment import enrol
from graders.classroom.seats.kit_archive import KitArchive
from graders.classroom.seats.seat_jobs import (
    choose,
    down_job,
    listed,
    seat_job,
    up_job,
)
from graders.classroom.seats.seat_plan import (
    Seat,
    SeatPlan,
    write_seat_plan,
)
from graders.errors import CannotCheck, UsageError
from tests.classes import a_class, entries
from tests.sshd import keygen

if TYPE_CHECKING:
    from pathlib import Path

    from graders.classroom.class_folder import Class

SEATS = (Seat("ada", "m1"), Seat("bob", "m1"), Seat("cy", "m2"))


@pytest.fixture
def course(tmp_path: Path) -> Class:
    """Return a class with a plan, two machines in use and a lost one."""
    made = a_class(tmp_path / "class", "ada", "bob", "cy")
    machines = {"hosts": {"m1": None, "m2": None, "m3": None, "m4": None}}
    (made.folder / "machines.yml").write_text(
        json.dumps({"machines": machines}), encoding="utf-8"
    )
    places = dict.fromkeys(("m1", "m2", "m3", "m4"), 3)
    write_seat_plan(made, SeatPlan("trusted", SEATS, places, ("m4",)))
    (made.folder / "keys").mkdir()
    for student in ("ada", "bob", "cy"):
        public = keygen(tmp_path / student).with_suffix(".pub")
        (made.folder / "keys" / f"{student}.pub").write_bytes(
            public.read_bytes()
        )
    return made


def _up(course: Class, *students: str) -> dict[str, Any]:
    kit = KitArchive(course.folder / "kit.tar.gz", "0123")
    job = up_job(choose(course, students), kit, None, labs=True)
    return {"machines": job.machines} | dict(job.variables)


def test_machines_get_what_is_theirs(course: Class) -> None:
    """Each has the tickets of its own students, and nobody has the key."""
    given = _up(course)

    assert given["machines"] == ["m1", "m2", "m3"]
    text = json.dumps(given)
    assert (course.folder / "key").read_text("utf-8").splitlines()[
        1
    ] not in text
    for machine, students in (("m1", "ada bob"), ("m2", "cy")):
        entries_ = given["seats_by_machine"][machine]
        assert [it["student"] for it in entries_] == students.split()
        for entry in entries_:
            seat = json.loads(entry["stdin"])
            ticket = course.ticket_file(entry["student"])
            assert seat["ticket"] == ticket.read_text("utf-8")
            options, _, key = seat["authorized_keys"].partition(" ")
            assert (
                options == 'restrict,pty,command="/opt/metallb-lab/bin/seat"'
            )
            assert key.startswith("ssh-")
            assert seat["authorized_keys"].endswith(f" {entry['student']}\n")


def test_one_seat_leaves_its_neighbours(course: Class) -> None:
    """They are known, so that they are not removed, and not chosen."""
    given = _up(course, "bob")

    assert given["machines"] == ["m1"]
    chosen = {
        it["student"]: it["chosen"] for it in given["seats_by_machine"]["m1"]
    }
    assert chosen == {"ada": False, "bob": True}


def test_who_has_no_key_is_named(course: Class) -> None:
    """Nothing is made before everyone can get in."""
    (course.folder / "keys" / "bob.pub").unlink()

    with pytest.raises(UsageError, match="no SSH key of bob"):
        _up(course)
    assert _up(course, "ada")


def test_who_has_no_ticket_is_named(course: Class) -> None:
    """A student's numbers would be others without one."""
    course.ticket_file("cy").unlink()

    with pytest.raises(UsageError, match="no ticket of cy"):
        _up(course)


def test_keys_of_the_roster(course: Class, tmp_path: Path) -> None:
    """The roster's column key is as good as a file."""
    line = keygen(tmp_path / "other").with_suffix(".pub").read_text("utf-8")
    people = entries("ada", "bob", "cy")
    new = type(people[0])("ada", "ada", "Ada", "", 2, line.strip())
    enrol(course, [new, *people[1:]])

    seat = json.loads(_up(course, "ada")["seats_by_machine"]["m1"][0]["stdin"])

    assert line.split()[1] in seat["authorized_keys"]
    assert len(seat["authorized_keys"].splitlines()) == 2


def test_a_machine_that_is_not_in_the_inventory(course: Class) -> None:
    """The plan is of other machines, and the error says what to do."""
    (course.folder / "machines.yml").write_text(
        '{"machines": {"hosts": {"m1": null}}}', encoding="utf-8"
    )

    with pytest.raises(UsageError, match="has no m2"):
        choose(course, ["ada"])


def test_commands_go_to_the_service(course: Class) -> None:
    """Each seat's own service is asked, for words as they were typed."""
    words = ["help", "{{ x }}; rm -rf /"]

    job = seat_job(choose(course, []), words)

    entry = job.variables["seats_by_machine"]["m2"][0]
    assert entry["argv"][-2:] == words
    assert "LAB_SEAT_SOCKET=/run/lab-seats/seat-cy.sock" in entry["argv"]
    assert list(job.seats) == [*SEATS]


def test_down_is_about_chosen_seats(course: Class) -> None:
    """Nobody else's is named to a machine."""
    job = down_job(choose(course, ["ada"]))

    (only,) = job.variables["seats_by_machine"]["m1"]
    assert (only["student"], only["chosen"]) == ("ada", True)


@pytest.mark.parametrize(
    "output", ["{", "[1]", '[{"class": "x"}, {}]', "[" * 99_999, '"x"']
)
def test_what_a_machine_says_may_be_damaged(
    course: Class, output: str
) -> None:
    """The error names the machine."""
    with pytest.raises(CannotCheck, match="m1"):
        listed(course, "m1", output)


def test_seats_of_other_classes_are_left_alone(course: Class) -> None:
    """Two teachers may share a machine."""
    row = {
        "student": "ada",
        "class": "other",
        "open": True,
        "lab": "",
        "attempts": 0,
        "problem": "",
        "submissions": [],
    }
    rows = [row, row | {"class": course.key}]

    assert len(listed(course, "m1", json.dumps(rows))) == 1
    assert listed(course, "m1", "") == []
