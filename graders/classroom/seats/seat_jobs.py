"""What machines need to know of seats, for each of the fleet's playbooks."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from graders.classroom.roster import read_roster
from graders.classroom.seats.fleet import FORKS, Job
from graders.classroom.seats.machines import read_machines
from graders.classroom.seats.seat_command import (
    BASE,
    DATA,
    SHELL,
    SOCKETS,
    seat_command,
)
from graders.classroom.seats.seat_plan import Seat, read_seat_plan
from graders.classroom.seats.student_keys import KEYS, read_keys
from graders.classroom.seats.times_file import times_file
from graders.errors import UsageError, parsing
from graders.files import read_text
from graders.plan.ticket import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from graders.classroom.class_folder import Class
    from graders.classroom.seats.kit_archive import KitArchive
    from graders.classroom.seats.seat_plan import SeatPlan

# What a key may be used for on a machine: a seat's commands. Without the
# command, sftp would be open, which no login shell has a say in.
_RESTRICTED: Final = f'restrict,pty,command="{SHELL}"'


@dataclass(frozen=True)
class Choice:
    """Seats of a class that a command is about, and machines at a time."""

    course: Class
    plan: SeatPlan
    seats: tuple[Seat, ...]
    everyone: bool
    forks: int = FORKS
    with_lost: bool = False

    @property
    def machines(self) -> list[str]:
        """Machines to work on: those of the seats, or all in use."""
        if not self.everyone:
            return sorted({seat.machine for seat in self.seats})
        lost = () if self.with_lost else self.plan.lost
        return [
            name for name in read_machines(self.course) if name not in lost
        ]

    def everywhere(self) -> Choice:
        """Return a choice of all machines, lost ones included."""
        return replace(self, everyone=True, with_lost=True)


def choose(
    course: Class, students: Sequence[str], forks: int = FORKS
) -> Choice:
    """Return the seats of some students, or of the whole class.

    Raises:
        UsageError: there is no plan, no such seat, or no such machine.

    """
    plan = read_seat_plan(course)
    machines = read_machines(course)
    if missing := set(plan.machines) - set(machines):
        raise UsageError(
            f"machines.yml has no {', '.join(sorted(missing))}, where students"
            " sit",
            remedy="`lab class move --lost MACHINE` places them elsewhere",
        )
    seats = [plan.seat(it) for it in dict.fromkeys(students)] or plan.seats
    return Choice(course, plan, tuple(seats), not students, forks)


def up_job(
    choice: Choice, kit: KitArchive, images: Path | None, *, labs: bool
) -> Job:
    """Return what makes seats: machines, accounts, services and labs.

    Raises:
        UsageError: students without keys or tickets.

    """
    course = choice.course
    students = [seat.student for seat in choice.seats]
    keys = _keys(course, students)
    tickets = _tickets(course, students)
    times = times_file(course)
    chosen = set(choice.seats)
    seats = [
        _entry(
            seat,
            chosen=seat in chosen,
            stdin=json.dumps(
                {
                    "class": course.key,
                    "authorized_keys": _authorized(seat, keys),
                    "ticket": tickets.get(seat.student, ""),
                    "shell": SHELL,
                }
            ),
        )
        for machine in choice.machines
        for seat in choice.plan.on(machine)
    ]
    more = {
        "kit": {"file": str(kit.file.absolute()), "version": kit.version},
        "class_key": course.key,
        "times_file": str(times.absolute()) if times.exists() else "",
        "images_file": str(images.absolute()) if images else "",
        "seats_labs_wanted": labs,
        "seats_images": labs,
    }
    return _job("class_up", choice, seats, more)


def down_job(choice: Choice) -> Job:
    """Return what removes seats."""
    seats = [_entry(seat, chosen=True) for seat in choice.seats]
    return _job("class_down", choice, seats)


def seat_job(choice: Choice, words: Sequence[str]) -> Job:
    """Return what has each seat do a command of the kit."""
    return run_job(choice, lambda seat: seat_command(seat.account, words))


def run_job(
    choice: Choice,
    argv: Callable[[Seat], list[str]],
    stdin: Callable[[Seat], str] = lambda _: "",
) -> Job:
    """Return what runs a program of the kit for each seat."""
    seats = [
        _entry(
            seat, chosen=True, argv=argv(seat), stdin=stdin(seat), last=True
        )
        for seat in choice.seats
    ]
    return _job("class_run", choice, seats)


def look_job(choice: Choice) -> Job:
    """Return what lists the seats that machines have."""
    return _job("class_look", choice, [])


def listed(course: Class, machine: str, output: str) -> list[dict[str, Any]]:
    """Return what a machine said of the seats of a class.

    Raises:
        CannotCheck: it is not what the kit prints there.

    """
    with parsing(f"what {machine} has", "`lab class up` repairs it"):
        rows = json.loads(output or "[]")
        return [
            {
                "student": str(row["student"]),
                "open": bool(row["open"]),
                "lab": str(row["lab"]),
                "attempts": int(row["attempts"]),
                "problem": str(row["problem"]),
                "submissions": [str(it) for it in row["submissions"]],
            }
            for row in rows
            if row["class"] == course.key
        ]


def _job(
    playbook: str,
    choice: Choice,
    entries: Iterable[dict[str, Any]],
    more: dict[str, Any] | None = None,
) -> Job:
    """Return a job with the variables that all playbooks have."""
    seats: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        seats.setdefault(entry["machine"], []).append(entry)
    variables = {
        "seat_base": BASE,
        "seat_data": DATA,
        "seat_sockets": SOCKETS,
        "seats_shell": SHELL,
        "seats_by_machine": seats,
    }
    machines = choice.machines
    return Job(
        playbook,
        machines,
        [seat for seat in choice.seats if seat.machine in machines],
        variables | (more or {}),
        choice.forks,
    )


def _entry(seat: Seat, **more: object) -> dict[str, Any]:
    return {
        "student": seat.student,
        "account": seat.account,
        "machine": seat.machine,
        **more,
    }


def _authorized(seat: Seat, keys: Mapping[str, Sequence[str]]) -> str:
    """Return an account's file of authorized keys."""
    return "".join(
        f"{_RESTRICTED} {key} {seat.student}\n"
        for key in keys.get(seat.student, ())
    )


def _keys(
    course: Class, students: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    roster = {it.student: it.key for it in read_roster(course.roster)}
    keys = read_keys(course.folder, roster, students)
    if missing := [it for it in students if it not in keys]:
        raise UsageError(
            f"no SSH key of {', '.join(missing)}",
            remedy="ask them for their public keys: in the column key of the"
            f" roster, or as {course.folder / KEYS}/STUDENT.pub",
        )
    return keys


def _tickets(course: Class, students: Sequence[str]) -> dict[str, str]:
    """Return everyone's tickets, as they were signed."""
    without = [it for it in students if course.ticket(it) is None]
    if without:
        raise UsageError(
            f"no ticket of {', '.join(without)}",
            remedy="`lab class roster` writes one for each student",
        )
    return {it: read_text(course.ticket_file(it), LIMIT) for it in students}
