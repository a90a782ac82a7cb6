"""Seats on machines, by Ansible over SSH, on sshd with files of their own."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from graders.classroom.enrolment import enrol
from graders.classroom.seats.seat_plan import (
    Seat,
    SeatPlan,
    write_seat_plan,
)
from graders.settings import ROOT
from tests.classes import a_class, entries
from tests.depth import thorough
from tests.machines import (
    LAB,
    ClassMachine,
    class_machine,
    inventory,
    needs_machines,
)
from tests.sshd import keygen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.classroom.class_folder import Class

# Ansible takes three minutes for them, and far longer on a busy computer.
pytestmark = [pytest.mark.slow, thorough, needs_machines]

# What a person may write, and Ansible must not read as a template.
EVIL: Final = "{{ lookup('pipe', 'touch %s') }}"
# Names that no account of this computer has: its files are below.
STUDENTS: Final = ("kim", "leo", "max")
KEPT: Final = "/var/lib/metallb-lab/state/.seats"


@dataclass(frozen=True)
class Room:
    """A class with two machines, m1 and m2, and one that is off."""

    course: Class
    machines: dict[str, ClassMachine]
    folder: Path

    def plan(self, **places: str) -> None:
        """Place students."""
        seats = tuple(Seat(*item) for item in places.items())
        room = dict.fromkeys(("m1", "m2", "off"), 3)
        write_seat_plan(self.course, SeatPlan("trusted", seats, room))

    def lab(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run `lab class`."""
        return subprocess.run(
            [LAB, "class", argv[0], "--class", self.course.folder, *argv[1:]],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=1800,
            check=False,
        )

    def ssh(
        self, student: str, machine: str, *words: str, key: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Log in to a seat by a student's key."""
        login = self.machines[machine].sshd.login
        return subprocess.run(
            [
                *("ssh", "-F", "none", "-o", "BatchMode=yes"),
                *("-o", f'UserKnownHostsFile="{login.known_hosts}"'),
                *("-o", "IdentitiesOnly=yes", "-p", str(login.port)),
                *("-i", self.folder / (key or student)),
                *("-l", f"seat-{student}", login.address, *words),
            ],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """Make machines and a class, with keys whose comments are hostile."""
    folder = tmp_path_factory.mktemp("seats")
    course = a_class(folder / "class", *STUDENTS)
    (course.folder / "keys").mkdir()
    for name in STUDENTS:
        line = keygen(folder / name).with_suffix(".pub").read_text("utf-8")
        evil = EVIL % (folder / "evaluated")
        (course.folder / "keys" / f"{name}.pub").write_text(
            f"{line.strip()} {evil}\n", encoding="utf-8"
        )
    with pytest.MonkeyPatch.context() as patch, ExitStack() as after:
        patch.setenv("METALLB_LAB_CACHE", str(folder / "cache"))
        machines = {
            name: after.enter_context(class_machine(folder, name))
            for name in ("m1", "m2")
        }
        (course.folder / "machines.yml").write_text(
            inventory({**machines, "off": None}), encoding="utf-8"
        )
        yield Room(course, machines, folder)


@pytest.fixture(scope="module")
def made(room: Room) -> subprocess.CompletedProcess[str]:
    """Make three seats, one of them on the machine that is off."""
    room.plan(kim="m1", leo="m1", max="off")
    evil = [EVIL % (room.folder / "evaluated")] * 3
    people = [
        (one, name) for one, name in zip(entries(*STUDENTS), evil, strict=True)
    ]
    enrol(
        room.course,
        [
            type(one)(one.student, one.login, name, "", 1)
            for one, name in people
        ],
    )
    return room.lab("up", "--no-labs")


def test_a_machine_that_is_off_costs_its_seats(
    room: Room, made: subprocess.CompletedProcess[str]
) -> None:
    """Others are made, and the output says which one is lost."""
    assert made.returncode == 3, made.stderr
    assert "2 of 3 seats are ready" in made.stdout
    assert "off lost" in made.stdout
    assert "lab class move --lost off" in made.stdout
    for student in ("kim", "leo"):
        done = room.ssh(student, "m1", "lab list 1")
        assert done.returncode == 0, done
        assert "Pending Service" in done.stdout


@pytest.mark.usefixtures("made")
def test_a_key_opens_one_seat_only(room: Room) -> None:
    """No neighbour's seat, no file, no port, no other program."""
    assert room.ssh("kim", "m1", "lab list", key="leo").returncode == 255
    for words in (["cat /etc/passwd"], ["-s", "sftp"], ["scp -f /etc/passwd"]):
        assert "root:" not in room.ssh("kim", "m1", *words).stdout
    keys = room.machines["m1"].run("cat /home/seat-kim/.ssh/authorized_keys")
    kind, number = (
        (room.folder / "kim.pub").read_text(encoding="utf-8").split()[:2]
    )
    assert keys.startswith("restrict,pty,command=")
    assert keys.endswith(f" {kind} {number} kim\n")
    owner = room.machines["m1"].run("stat -c %U /home/seat-kim/.ssh/*")
    assert owner == "root\n"


@pytest.mark.usefixtures("made")
def test_no_secret_is_sent(room: Room) -> None:
    """A machine has neither the class's key nor tickets of others."""
    key = (room.course.folder / "key").read_text(encoding="utf-8")
    secret = key.splitlines()[1]
    machine = room.machines["m1"]

    assert machine.run(f"grep -rl '{secret}' /opt /var/lib/metallb-lab") == ""
    tickets = machine.run(
        "find /opt /var/lib/metallb-lab /home /etc -name '*.ticket'"
    )
    assert {Path(it).name for it in tickets.split()} == {
        "kim.ticket",
        "leo.ticket",
    }
    assert machine.run("stat -c %a /opt/metallb-lab/kits") == "700\n"
    assert not (room.folder / "evaluated").exists()
    assert "No such file" in machine.run(f"ls {room.folder}/evaluated")


@pytest.mark.usefixtures("made")
def test_commands_are_no_templates(room: Room) -> None:
    """What is run in seats is what was typed, and says how it ended."""
    evil = EVIL % (room.folder / "evaluated")

    done = room.lab("exec", "--student", "kim", "--", "list", evil)

    assert done.returncode == 1, done
    assert "kim on m1: ended with 2" in done.stdout
    assert not (room.folder / "evaluated").exists()


@pytest.mark.usefixtures("made")
def test_nothing_handed_in_is_lost(room: Room) -> None:
    """A student moves: both files are collected, the old seat is closed."""
    first, second = room.machines["m1"], room.machines["m2"]
    place = f"{KEPT}/kim/submissions"
    first.run(f"mkdir -p {place}; echo one > {place}/kim-lab-1.lab")
    first.run(f"ln -s /etc/shadow {place}/kim-lab-9.lab")
    before = first.run("cat /var/lib/metallb-lab/seats/leo/pid")

    room.plan(kim="m2", leo="m1")
    moved = room.lab("up", "--no-labs")
    second.run(f"mkdir -p {place}; echo two > {place}/kim-lab-1.lab")
    done = room.lab("collect")
    again = room.lab("collect")

    assert "2 of 2 seats are ready" in moved.stdout, moved
    assert "2 new submissions" in done.stdout, done
    assert "0 new submissions" in again.stdout, again
    kept = room.course.folder / "collected"
    found = {file.name: file.read_text() for file in kept.iterdir()}
    assert sorted(found.values()) == ["one\n", "two\n"]
    assert set(found) == {"kim-lab-1.lab", "kim-lab-1.1.lab"}
    assert "no such user" in first.run("id seat-kim")
    assert room.ssh("kim", "m2", "lab list 1").returncode == 0
    # Nobody else was disturbed.
    after = first.run("cat /var/lib/metallb-lab/seats/leo/pid")
    assert after == before
