"""Read Ansible's events: how far machines and seats are, what failed, and why.

A task that loops over seats has a result for each, with the seat as its item:
that is how a seat's result is known, whatever the task is called.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from graders.errors import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from graders.classroom.seats.seat_plan import Seat

State: TypeAlias = Literal["waiting", "working", "done", "failed", "lost"]
OVER: Final = ("done", "failed", "lost")
# Lines and characters of a failure that are shown.
_LINES: Final = 3
_LENGTH: Final = 500


@dataclass
class SeatReport:
    """A seat, the status of its last command, and what that printed."""

    student: str
    machine: str
    state: State = "waiting"
    problem: str = ""
    code: int | None = None
    output: str = ""
    errors: str = ""


@dataclass
class MachineReport:
    """A machine, what is done on it, and what that printed last."""

    name: str
    state: State = "waiting"
    task: str = ""
    problem: str = ""
    output: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


# Gets what has ended.
Ended: TypeAlias = "Callable[[MachineReport | SeatReport], None]"


class FleetReport:
    """The machines and seats of a run."""

    def __init__(
        self, machines: Iterable[str], seats: Iterable[Seat] = ()
    ) -> None:
        """Have all of them wait."""
        self.machines = {name: MachineReport(name) for name in machines}
        self.seats = {
            (it.machine, it.student): SeatReport(it.student, it.machine)
            for it in seats
        }
        self.problem = ""
        self._listeners: list[Ended] = []

    def on_end(self, tell: Ended) -> None:
        """Have `tell`, too, get each machine and seat that has ended."""
        self._listeners.append(tell)

    def handle(self, kind: str, data: dict[str, Any]) -> None:
        """Take an event of ansible-runner."""
        machine = self.machines.get(str(data.get("host", "")))
        if machine is None or machine.state in OVER:
            return
        result = data.get("res")
        result = result if isinstance(result, dict) else {}
        if kind == "runner_on_start":
            machine.state, machine.task = "working", _task(data)
        elif kind in {"runner_item_on_ok", "runner_item_on_failed"}:
            self._item(machine, result, failed=kind.endswith("failed"))
        elif kind == "runner_on_unreachable":
            self._end(machine, "lost", _reason(result) or "no answer")
        elif kind == "runner_on_failed" and not data.get("ignore_errors"):
            problem = f"{_task(data)}: {_reason(result)}"
            self._end(machine, "failed", problem)
        elif kind == "runner_on_ok":
            machine.facts |= result.get("ansible_facts") or {}
            if isinstance(result.get("rc"), int):
                machine.output = str(result.get("stdout") or "")

    def finish(self) -> None:
        """Have what did not fail be done, as Ansible has ended by itself."""
        for seat in self.seats.values():
            if seat.state == "working":
                self._over(seat, "done")
        for machine in self.machines.values():
            if machine.state in {"waiting", "working"}:
                self._end(machine, "done", "")

    def stop(self, problem: str) -> None:
        """Have what is not over have failed."""
        for machine in self.machines.values():
            if machine.state not in OVER:
                self._end(machine, "failed", problem)

    def on(self, machine: str) -> list[SeatReport]:
        """Return the seats on a machine."""
        return [it for it in self.seats.values() if it.machine == machine]

    def _item(
        self, machine: MachineReport, result: dict[str, Any], *, failed: bool
    ) -> None:
        """Note what a loop's item says of its seat."""
        item = result.get("item")
        student = str(item.get("student")) if isinstance(item, dict) else ""
        seat = self.seats.get((machine.name, student))
        if seat is None or seat.state in OVER:
            return
        if result.get("unreachable"):
            self._end(machine, "lost", _reason(result))
            return
        code = result.get("rc")
        if isinstance(code, int):
            seat.code, seat.output = code, str(result.get("stdout") or "")
            seat.errors = str(result.get("stderr") or "")
        seat.state = "working"
        if failed:
            seat.problem = _reason(result)
            self._over(seat, "failed")
        elif isinstance(item, dict) and item.get("last"):
            self._over(seat, "done")

    def _end(self, machine: MachineReport, state: State, problem: str) -> None:
        machine.state, machine.problem = state, problem
        for seat in self.on(machine.name):
            if seat.state not in OVER and state != "done":
                seat.problem = problem
                self._over(seat, state)
        self._tell(machine)

    def _over(self, seat: SeatReport, state: State) -> None:
        seat.state = state
        self._tell(seat)

    def _tell(self, one: MachineReport | SeatReport) -> None:
        for listener in self._listeners:
            listener(one)


def _task(data: dict[str, Any]) -> str:
    role, name = data.get("role"), str(data.get("task") or "")
    return printable(one_line(f"{role}: {name}" if role else name, _LENGTH))


def _reason(result: dict[str, Any]) -> str:
    """Return in one line why something failed."""
    texts = ("stderr", "stdout", "module_stderr")
    output = str(next(filter(None, map(result.get, texts)), ""))
    lines = [line for line in output.splitlines() if line.strip()]
    words = " | ".join(lines[-_LINES:]) or str(result.get("msg") or "")
    return printable(one_line(words, _LENGTH))
