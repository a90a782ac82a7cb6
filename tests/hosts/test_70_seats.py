"""Four seats on two machines of a class, one of which is killed.

What was handed in on it is not lost, and nobody else's lab is disturbed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
import yaml

from graders.classroom.seats.seat_plan import (
    Seat,
    SeatPlan,
    write_seat_plan,
)
from graders.settings import ROOT
from tests import state
from tests.class_pack import Repair, pack_all, repairs, wrong_rows
from tests.classes import a_class
from tests.commands import output
from tests.depth import thorough
from tests.sshd import keygen

from .class_room import RELEASES, ClassRoom
from .conftest import BIN, get_images

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from graders.classroom.class_folder import Class

pytestmark = [
    # Two engines inside another one take a quarter of an hour.
    thorough,
    pytest.mark.skipif(
        sys.version_info[:2] not in RELEASES,
        reason="no machine has the Python of these tests",
    ),
]

FILES: Final = "/var/lib/metallb-lab/regrade/files"
STUDENTS: Final = ("ada", "bob", "cy", "dan")
_SECONDS: Final = 1200


@dataclass(frozen=True)
class Lesson:
    """A class with seats, and the machines that they are on."""

    room: ClassRoom
    course: Class
    folder: Path

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run `lab class` as the teacher."""
        return subprocess.run(
            [
                *(str(BIN / "lab"), "class", argv[0]),
                *("--class", str(self.course.folder), *argv[1:]),
            ],
            cwd=ROOT,
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )

    def ok(self, *argv: str) -> str:
        """Run a command that must succeed."""
        return output(self.run(*argv))

    def at(
        self, student: str, machine: str, line: str
    ) -> subprocess.CompletedProcess[str]:
        """Type a line as a student, through SSH."""
        return self.room.ssh(
            machine, self.folder / student, f"seat-{student}", line
        )

    def collected(self) -> set[str]:
        """Return the names of collected files."""
        folder = self.course.folder / "collected"
        return {file.name for file in folder.glob("*.lab")}


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lesson]:
    """Make machines, and seats with lab 1 running in each."""
    folder = state.new_folder(tmp_path_factory, "room")
    room = ClassRoom(folder, "m1", "m2")
    course = a_class(folder / "class", *STUDENTS)
    (course.folder / "machines.yml").write_text(
        room.inventory(), encoding="utf-8"
    )
    (course.folder / "keys").mkdir()
    for student in STUDENTS:
        public = keygen(folder / student).with_suffix(".pub").read_bytes()
        (course.folder / "keys" / f"{student}.pub").write_bytes(public)
    seats = (
        *(Seat("ada", "m1"), Seat("bob", "m1")),
        *(Seat("cy", "m2"), Seat("dan", "m2")),
    )
    write_seat_plan(course, SeatPlan("trusted", seats, {"m1": 3, "m2": 3}))
    archive = folder / "images.tar"
    room.remove()
    get_images()
    subprocess.run(
        [str(BIN / "lab"), "images", "save", archive], cwd=ROOT, check=True
    )
    try:
        room.make()
        made = Lesson(room, course, folder)
        made.ok("up", "--images", str(archive))
        archive.unlink()
        made.ok("exec", "start", "1")
        yield made
    finally:
        room.remove()


def test_everyone_plays_at_once(lesson: Lesson) -> None:
    """A broken lab is graded, in a shell of its own, without the engine."""
    for student, machine in zip(
        STUDENTS, ("m1", "m1", "m2", "m2"), strict=True
    ):
        graded = lesson.at(student, machine, "grade")
        assert graded.returncode == 1, graded
        nodes = lesson.at(student, machine, "kubectl get nodes --no-headers")
        assert nodes.stdout.count(" Ready ") == 3, nodes
        engine = lesson.at(student, machine, "ls /var/run/docker.sock")
        assert engine.returncode, engine
    stranger = lesson.room.ssh(
        "m1", lesson.folder / "bob", "seat-ada", "grade"
    )
    assert stranger.returncode == 255


def test_a_second_up_changes_nothing(lesson: Lesson) -> None:
    """Seats, clusters and services stay as they are."""
    service = "systemctl show -P MainPID metallb-lab-seat@cy"
    before = lesson.room.run("m2", service)

    lesson.ok("up", "--no-labs")

    assert lesson.room.run("m2", service) == before
    assert lesson.ok("status").count("lab-1") == 4


def test_a_killed_machine_loses_nothing(lesson: Lesson) -> None:
    """Its student goes on elsewhere; files of both seats are collected."""
    for student, machine in (("ada", "m1"), ("bob", "m1"), ("cy", "m2")):
        assert lesson.at(student, machine, "lab submit").returncode == 0
    before = lesson.at("cy", "m2", "lab status").stdout

    lesson.room.kill("m1")
    without = lesson.run("collect")
    assert without.returncode == 3
    assert "m1 lost" in without.stdout
    # dan had not handed in.
    assert lesson.collected() == {"cy-lab-1.lab", "dan-lab-1.lab"}

    lesson.ok("move", "ada", "--to", "m2")
    lesson.ok("up", "ada")
    lesson.ok("exec", "--student", "ada", "start", "1")
    assert lesson.at("ada", "m2", "lab submit").returncode == 0
    assert lesson.at("cy", "m2", "lab status").stdout == before

    lesson.room.start("m1")
    lesson.ok("collect")
    assert lesson.collected() == {
        *("ada-lab-1.lab", "ada-lab-1.1.lab", "bob-lab-1.lab"),
        *("cy-lab-1.lab", "dan-lab-1.lab"),
    }
    verified = subprocess.run(
        [
            *(str(BIN / "lab"), "class", "verify"),
            str(lesson.course.folder / "collected"),
            *("--class", str(lesson.course.folder)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    # Two of ada's are noted as such; none is refused.
    assert verified.returncode in {0, 3}, verified.stdout


def test_down_leaves_no_account(lesson: Lesson) -> None:
    """Labs and accounts are gone, and what was handed in is still there."""
    lesson.ok("down")

    for machine in ("m1", "m2"):
        left = lesson.room.run(machine, "grep -c ^seat- /etc/passwd || true")
        assert left.strip() == "0"
        assert not lesson.room.run(
            machine, "docker ps --quiet --filter label=metallb-lab.student=cy"
        )
    kept = lesson.room.run("m2", "ls /var/lib/metallb-lab/state/.seats/cy/*")
    assert "cy-lab-1.lab" in kept


def test_submissions_are_regraded_on_machines(
    lesson: Lesson, tmp_path: Path
) -> None:
    """Killed in the middle it goes on, and no file stays on a machine."""
    known = repairs(["1"])
    right = next(one for one in known if one.solved)
    wrong = next(one for one in known if not one.solved)
    nothing = tmp_path / "nothing.md"
    nothing.write_text("# It works\n", encoding="utf-8")
    folder = tmp_path / "handed in"
    forged = Repair(right.lab, right.fault, nothing, solved=False)
    pack_all(folder, [right, wrong, forged])
    machines = yaml.safe_load(lesson.room.inventory())
    machines["machines"]["vars"] |= {
        "seat_cores": 1,
        "seat_memory_mib": 4000,
        "seat_disk_mib": 20_000,
    }
    (folder / "class" / "machines.yml").write_text(
        yaml.safe_dump(machines), encoding="utf-8"
    )
    argv = [
        *(str(BIN / "lab"), "class", "regrade", str(folder), "--sandbox"),
        *("--class", str(folder / "class"), "--machines"),
        *("--results", str(tmp_path / "results")),
    ]

    with subprocess.Popen(argv, cwd=ROOT) as killed:
        _wait_for_a_lab(lesson.room)
        killed.kill()
    done = subprocess.run(
        argv,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=2 * _SECONDS,
        check=False,
    )

    assert done.returncode == 1, done
    assert "1 confirmed" in done.stdout
    assert not wrong_rows(folder, tmp_path / "results")
    for machine in ("m1", "m2"):
        assert not lesson.room.run(machine, f"ls {FILES} || true")
        names = "docker ps --all --format '{{.Names}}'"
        labs = lesson.room.run(machine, names)
        assert not {it for it in ("s01", "s02", "s03") if it in labs}, labs


def _wait_for_a_lab(room: ClassRoom) -> None:
    """Wait until a machine plays a submission."""
    deadline = time.monotonic() + _SECONDS
    while not any(
        room.run(name, f"ls -d {FILES}/.regrade/state/s0* || true").strip()
        for name in room.names
    ):
        assert time.monotonic() < deadline
        time.sleep(1)
