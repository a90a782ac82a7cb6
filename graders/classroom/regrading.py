"""Regrade many submissions: several at a time, each by a worker.

A result is written as soon as it is known, and a submission that has one is
not played again. What may have failed because of another submission is tried
once more at the end, alone.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graders.classroom.regrade_one import Task
from graders.classroom.regraded import Regraded, load, load_final, result_file
from graders.classroom.regraded import save as save_result
from graders.errors import UsageError, explaining, one_line
from graders.files import held
from graders.providers import capture
from graders.providers.capture import TooSlow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from graders.classroom.place import PlaceName
    from graders.classroom.prepare import Prepared
    from graders.plan.plan import Plan

# What a regrade has of its own in the folder of results.
OWN: Final = ".regrade"
# Minutes for two fresh labs and two grades, on top of what a repair may take.
_SPARE_MIN: Final = 40
_SHOWN: Final = 300


def run_worker(task: Task, environment: Mapping[str, str]) -> str:
    """Run a worker; return why it left no result, "" if it took too long."""
    # -P: a folder `graders` where the command was typed is not the kit.
    python = [sys.executable, "-P", "-m", "graders.classroom.worker"]
    try:
        done = capture.run(
            python,
            timeout=whole_minutes(task) * 60,
            stdin=task.model_dump_json(by_alias=True),
            env=environment,
        )
    except TooSlow:
        student = task.known.student
        capture.run([*python, "clean", student], env=environment)
        return ""
    lines = done.stderr.strip().splitlines() or ["it said nothing"]
    return one_line(
        f"the worker ended with {done.returncode}: {lines[-1]}", _SHOWN
    )


def whole_minutes(task: Task) -> float:
    """Return how long a worker may take."""
    return 2 * task.minutes + _SPARE_MIN


@dataclass(frozen=True)
class Settings:
    """What the instructor has chosen."""

    results: Path
    place: PlaceName
    jobs: int
    minutes: float


@dataclass
class Regrading:
    """A regrade of `items`; `tell` gets each result as soon as it is there.

    `work` does a task in an environment and returns what it printed as errors;
    tests have their own.
    """

    settings: Settings
    items: Sequence[Prepared]
    tell: Callable[[Regraded], None]
    work: Callable[[Task, Mapping[str, str]], str] = run_worker

    def run(self) -> list[Regraded]:
        """Return the results of all items, in their order.

        Raises:
            UsageError: two items would have the same result, another regrade
                has this folder, or it cannot be written.

        """
        _expect_names(self.items)
        with _alone(self.settings.results):
            waiting = [item for item in self.items if not self._is_done(item)]
            self.play(waiting)
            return [self.result(item) for item in self.items]

    def play(self, items: Sequence[Prepared]) -> None:
        """Have a result of each item that has none, or not a final one."""
        self._in_parallel(items)
        for item in items:
            if not self.result(item).final:
                self._do(item, last=True)

    def _is_done(self, item: Prepared) -> bool:
        """Tell whether there is a result; write that of a refused item."""
        file = self.file_of(item)
        if load_final(file, item.known.sha256):
            return True
        if item.plan is None:
            save_result(file, item.known)
            self.tell(item.known)
            return True
        return False

    def _in_parallel(self, items: Sequence[Prepared]) -> None:
        """Do all items, none next to one whose networks it would need."""
        waiting = list(items)
        running: dict[Future[None], Prepared] = {}
        last = len(items) == 1 or self.settings.jobs == 1
        with ThreadPoolExecutor(self.settings.jobs) as pool, _ending():
            while waiting or running:
                for item in _startable(
                    waiting, [*running.values()], self.settings.jobs
                ):
                    waiting.remove(item)
                    running[pool.submit(self._do, item, last=last)] = item
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    del running[future]
                    future.result()

    def _do(self, item: Prepared, *, last: bool) -> None:
        """Have a worker regrade an item, and tell the result."""
        file = self.file_of(item)
        task = Task(
            file=item.file.resolve(),
            result=file.resolve(),
            known=item.known,
            place=self.settings.place,
            minutes=self.settings.minutes,
            last=last,
        )
        file.unlink(missing_ok=True)
        said = self.work(task, self._environment(item))
        if not file.exists():
            status = "stopped" if said == "" else "error"
            why = said or f"no end within {whole_minutes(task):.0f} minutes"
            save_result(
                file, item.known.noting(why, status=status, again=not last)
            )
        found = self.result(item)
        if last or found.final:
            self.tell(found)

    def _environment(self, item: Prepared) -> dict[str, str]:
        """Return what gives the worker folders of its own, and the numbers."""
        assert item.plan  # noqa: S101 - refused items have no worker
        own = self.settings.results.resolve() / OWN
        config = own / "config" / item.file.name
        shutil.rmtree(config, ignore_errors=True)
        (config / "tickets").mkdir(parents=True)
        student = item.plan.student
        if item.ticket:
            ticket = config / "tickets" / f"{student}.ticket"
            ticket.write_text(json.dumps(item.ticket), "utf-8")
        return os.environ | {
            "METALLB_LAB_STATE": str(own / "state"),
            "METALLB_LAB_CONFIG": str(config),
            "METALLB_LAB_SLOT": str(item.plan.slot),
            "METALLB_LAB_CONFINED": "1",
            "STUDENT": student,
        }

    def result(self, item: Prepared) -> Regraded:
        """Return the result of an item.

        Raises:
            UsageError: there is none, or it is damaged.

        """
        return load(self.file_of(item))

    def file_of(self, item: Prepared) -> Path:
        """Return the file for the result of an item."""
        return result_file(self.settings.results, item.file)


def _startable(
    waiting: Sequence[Prepared], running: Sequence[Prepared], jobs: int
) -> Iterator[Prepared]:
    """Yield those that can begin now, next to each other."""
    beside = [item.plan for item in running if item.plan]
    for item in waiting:
        if len(beside) >= jobs:
            return
        if item.plan and not any(_collide(item.plan, it) for it in beside):
            beside.append(item.plan)
            yield item


def _collide(one: Plan, other: Plan) -> bool:
    """Tell whether two labs cannot be on a computer at the same time."""
    return one.student == other.student or any(
        ours.overlaps(theirs)
        for ours in (one.lan, one.edge, one.storage)
        for theirs in (other.lan, other.edge, other.storage)
    )


def _expect_names(items: Sequence[Prepared]) -> None:
    names: dict[str, Path] = {}
    for item in items:
        if first := names.get(item.file.name):
            raise UsageError(
                f"{item.file} and {first} would have the same result",
                remedy="give one of them another name",
            )
        names[item.file.name] = item.file


@contextmanager
def _ending() -> Iterator[None]:
    """End workers before they are waited for; they remove their labs."""
    try:
        yield
    except BaseException:
        capture.terminate_children()
        raise


@contextmanager
def _alone(results: Path) -> Iterator[None]:
    """Let no other regrade write into a folder at the same time."""
    own = results / OWN
    busy = UsageError(
        f"another regrade writes into {results}",
        remedy="wait for it, or give --results another folder",
    )
    with ExitStack() as stack:
        with explaining(
            f"could not write {results}",
            "give --results a folder that you may write",
        ):
            own.mkdir(parents=True, exist_ok=True)
            stack.enter_context(held(own, busy))
        yield
