"""Regrade submissions on machines of a class, shared by what each can run.

Submissions are verified here, and here are the results: what a machine says
of one is its verdict, and all else is known here. A machine that is lost costs
its own submissions only; the next regrade places them on others.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from graders.classroom.capacity import jobs_for
from graders.classroom.regraded import Regraded, load, result_file, save
from graders.classroom.regrading import Regrading
from graders.classroom.seats.facts import to_capacity
from graders.classroom.seats.fleet import FORKS, Job
from graders.classroom.seats.fleet_report import SeatReport
from graders.classroom.seats.kit_archive import pack_kit
from graders.classroom.seats.regrade_job import Files, Share, regrade_job
from graders.classroom.seats.sharing import (
    Wish,
    key_of,
    read_sent,
    share,
    write_sent,
)
from graders.errors import CannotCheck, KitError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from graders.classroom.prepare import Prepared
    from graders.classroom.regrading import Settings
    from graders.classroom.seats.fleet import Fleet
    from graders.classroom.seats.fleet_report import (
        FleetReport,
        MachineReport,
    )
    from graders.classroom.seats.machines import Machine

# Fields of a result that a machine decides on.
_VERDICT: Final = (
    *("status", "again", "reasons", "verified", "forms", "result"),
    "seconds",
)


@dataclass(frozen=True)
class Room:
    """The machines for a regrade; `seats` has the machine of each student."""

    fleet: Fleet
    machines: Mapping[str, Machine]
    seats: Mapping[str, str]
    images: Path | None = None
    at_once: int = FORKS


class Spread(Regrading):
    """A regrade whose submissions are played on machines."""

    def __init__(
        self,
        settings: Settings,
        items: Sequence[Prepared],
        tell: Callable[[Regraded], None],
        room: Room,
    ) -> None:
        """Keep them; in `settings`, 0 jobs are as many as machines allow."""
        super().__init__(settings, items, tell)
        self._room = room
        self._known = {key_of(item): item for item in items if item.plan}
        # Where results come to, before they are with the others.
        self._come = room.fleet.folder / "regraded"

    def play(self, items: Sequence[Prepared]) -> None:
        """See Regrading.

        Raises:
            CannotCheck: no machine answers, or Ansible did not start.

        """
        waiting = [it for it in items if not self._take(it, final=True)]
        record = self._room.fleet.folder / "regrade.json"
        sent = read_sent(record)
        shares = self._shares(waiting, sent)
        if not shares:
            return
        for name, it in shares.items():
            sent[name] = sent.get(name, set()) | {*map(key_of, it.items)}
        write_sent(record, sent)
        report = self._run(shares)
        for name, it in shares.items():
            for item in it.items:
                self._expect(item, report.machines[name])
            if report.machines[name].state == "done":
                sent[name] -= {*self._known}
        write_sent(record, sent)

    def _shares(
        self, items: Sequence[Prepared], sent: Mapping[str, Collection[str]]
    ) -> dict[str, Share]:
        """Return what machines get, and what they have and are to lose."""
        rooms = self._rooms() if items else {}
        wishes = {key_of(item): self._wish(item, sent) for item in items}
        placed = share(wishes, rooms)
        shares = {
            name: Share(
                [self._known[key] for key in placed.get(name, ())],
                [key for key in sent.get(name, ()) if key in self._known],
                rooms.get(name, 1),
            )
            # Those that do not answer are not asked twice.
            for name in rooms or self._room.machines
        }
        return {
            name: it for name, it in shares.items() if it.items or it.leaving
        }

    def _rooms(self) -> dict[str, int]:
        """Return how many labs each machine that answers can have.

        Raises:
            CannotCheck: none answers, or one does not know what it has.

        """
        machines = self._room.machines
        asked = self._room.fleet.run(Job("class_facts", [*machines]))
        rooms = {
            name: self.settings.jobs or _labs(machines[name], it.facts)
            for name, it in asked.machines.items()
            if it.state == "done"
        }
        if not rooms:
            raise CannotCheck(
                f"no machine answers: {', '.join(machines)}",
                remedy="run it again once they do, or without --machines",
            )
        return rooms

    def _wish(
        self, item: Prepared, sent: Mapping[str, Collection[str]]
    ) -> Wish:
        """Return where an item is to go.

        A machine that has it may have its result, unless it has failed.
        """
        had = [name for name, keys in sent.items() if key_of(item) in keys]
        # A student has one lab on a machine, and may have one there.
        seat = self._room.seats.get(item.known.student, "")
        try:
            before = self.result(item)
        except UsageError:
            return Wish(had, [seat])
        failed = before.sha256 == item.known.sha256 and not before.again
        return Wish((), [*had, seat]) if failed else Wish(had, [seat])

    def _run(self, shares: Mapping[str, Share]) -> FleetReport:
        room = self._room
        for it in shares.values():
            for item in it.items:
                self.file_of(item).unlink(missing_ok=True)
                self._file_come(item).unlink(missing_ok=True)
        self._come.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = Files(pack_kit(room.fleet.folder), room.images, self._come)
        job = regrade_job(shares, self.settings, files, room.at_once)
        return room.fleet.run(job, on_end=self._ended)

    def _ended(self, one: MachineReport | SeatReport) -> None:
        """Take a result as soon as it has come."""
        if isinstance(one, SeatReport) and one.state == "done":
            for item in self._known.values():
                if item.file.name == one.student:
                    # What cannot be written is said at the end.
                    with suppress(KitError, OSError):
                        self._take(item)

    def _expect(self, item: Prepared, machine: MachineReport) -> None:
        """Have a result of an item that a machine was given."""
        if self.file_of(item).exists() or self._take(item):
            return
        why = f"{machine.name} left no result"
        if machine.problem:
            why = f"{machine.name} {machine.state}: {machine.problem}"
        # A machine that is lost may have played it.
        lost = machine.state == "lost"
        self._save(item, item.known.noting(why, status="error", again=lost))

    def _take(self, item: Prepared, *, final: bool = False) -> bool:
        """Keep the result of an item that has come; tell whether one has."""
        file = self._file_come(item)
        try:
            found = load(file)
        except UsageError:
            return False
        if found.sha256 != item.known.sha256 or (final and not found.final):
            return False
        verdict = {name: getattr(found, name) for name in _VERDICT}
        self._save(item, item.known.model_copy(update=verdict))
        file.unlink()
        return True

    def _save(self, item: Prepared, result: Regraded) -> None:
        save(self.file_of(item), result)
        self.tell(result)

    def _file_come(self, item: Prepared) -> Path:
        return result_file(self._come, item.file.with_name(key_of(item)))


def _labs(machine: Machine, facts: Mapping[str, Any]) -> int:
    """Return how many labs a machine can have at a time."""
    capacity = machine.stated_capacity or machine.capacity(
        to_capacity(machine.name, facts)
    )
    return jobs_for(int(capacity.cores), capacity.memory_mib)
