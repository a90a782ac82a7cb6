"""Play rounds: prepare, strike, type one command back, and judge."""

from __future__ import annotations

import contextlib
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from graders.course.lab import load_lab
from graders.course.solutions import repairs_for
from graders.errors import KitError
from graders.lifecycle.lock import lock
from graders.proof.driver import LabDriver
from graders.providers.registry import provider
from tests.chaos import judge, mishap
from tests.chaos.draw import PAUSED, STEP, TIME, Moment
from tests.chaos.evidence import save_evidence
from tests.chaos.leftovers import cluster_of, faults, leftovers
from tests.chaos.mishap import Wrong
from tests.chaos.published import Row
from tests.chaos.world import LIMITS_S, World, eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.chaos.draw import Draw
    from tests.chaos.world import Ended, Running

# The usual seconds of a command, until one has been measured.
_USUAL_S: Final = {
    mishap.UP: 5.0,
    mishap.START: 7.0,
    mishap.RESET: 6.0,
    mishap.GRADE: 4.0,
    mishap.HINT: 4.0,
    mishap.STATUS: 1.0,
    mishap.DOWN: 4.0,
    mishap.FULL: 20.0,
}
_STEP_S: Final = 300.0
# So often is a command begun that ends before its moment.
_TRIES: Final = 4
_CLUSTER_S: Final = 60.0
_MACHINE: Final = (OSError, RuntimeError, subprocess.SubprocessError)


class Unplayable(Exception):  # noqa: N818 - as Wrong
    """The lab could not be brought to the state that a round begins with."""


@dataclass
class Player:
    """Plays rounds on one student's lab, one after another."""

    student: str
    folder: Path
    tell: Callable[[str], None]
    standing: tuple[str, str] | None = None
    """Lab and variant that are there, as shipped."""
    red: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """The checks that fail as shipped."""
    usual: dict[str, float] = field(default_factory=_USUAL_S.copy)

    def play(self, draw: Draw) -> Row:
        """Play one round; return its row."""
        folder = self.folder / f"{draw.number:03}-{draw.mishap.kind}"
        folder.mkdir(parents=True, exist_ok=True)
        world = World(
            self.student, folder, draw.random, draw.lab, draw.variant
        )
        self.tell(str(draw))
        back, seconds, problems = _Round(self, draw, world).play()
        standing = (draw.lab, draw.variant)
        self.standing = None if problems or draw.solved else standing
        if problems:
            save_evidence(world)
        return Row(
            number=draw.number,
            kind=draw.mishap.kind,
            lab=draw.lab,
            variant=draw.variant,
            command=draw.command,
            moment=str(draw.moment) if draw.moment else "before it",
            back=back,
            solved=draw.solved,
            seconds=seconds,
            problems=problems,
        )

    def prepare(self, world: World, *, graded: bool) -> None:
        """Have the lab as shipped; know which checks fail if it is `graded`.

        Raises:
            Unplayable: it cannot be started, or has the wrong verdict.

        """
        wanted = (world.lab, world.variant)
        if self.standing != wanted:
            ended = world.run(mishap.START)
            if ended.code:
                # What the round before has left must not spoil this one.
                world.run(mishap.DOWN)
                ended = world.run(mishap.START)
            if ended.code:
                raise Unplayable(judge.reasons(ended)[-300:])
            self.usual[mishap.START] = min(ended.seconds, 20)
        if graded and wanted not in self.red:
            self.red[wanted] = self._shipped(world)

    def _shipped(self, world: World) -> set[str]:
        ended = world.run(mishap.GRADE)
        breaks = load_lab(world.lab).variant(world.variant).breaks
        problems = judge.judge_verdict(ended, breaks, solved=False)
        found = judge.verdict(ended)
        if problems or not found:
            raise Unplayable("; ".join(problems))
        self.usual[mishap.GRADE] = ended.seconds
        return {check.name for check in found.failed}


@dataclass
class _Round:
    player: Player
    draw: Draw
    world: World
    problems: list[str] = field(default_factory=list)
    back: str = ""
    seconds: float = 0.0

    def play(self) -> tuple[str, float, list[str]]:
        """Play it; return the way back, its seconds, and what is wrong."""
        try:
            self._play()
        except Unplayable as error:
            self.problems.append(f"before the mishap: {error}")
        except Wrong as error:
            self.problems.append(str(error))
        except (KitError, *_MACHINE) as error:
            self.problems.append(f"the round broke off: {error}")
        if self.world.struck:
            self.player.tell(f"  struck: {', '.join(self.world.struck)}")
        return self.back, round(self.seconds, 1), self.problems

    def _play(self) -> None:
        draw, world, one = self.draw, self.world, self.draw.mishap
        self.player.prepare(world, graded=not draw.solved_before)
        if draw.solved_before:
            solve(world)
        cluster = self._cluster()
        since = time.time()
        with contextlib.ExitStack() as lasting:
            ended = self._strike(lasting)
            self.problems += judge.judge_command(ended, one)
            self.problems += judge.judge_meanwhile(ended, one, self._red())
            self.back = judge.way_back(ended, one)
            if draw.solved_before and judge.loses_work(self.back, one):
                self.problems.append(f"`{self.back}` throws the work away")
            self._return()
        self.problems += faults(world, since)
        self.problems += leftovers(world)
        taken_down = draw.moment and draw.command == mishap.DOWN
        if one.keeps and not taken_down and self._cluster() != cluster:
            self.problems.append("the cluster was replaced")
        if draw.solved and not draw.solved_before and not self.problems:
            solve(world)
            self._grade(solved=True)

    def _red(self) -> set[str]:
        """Return the checks that fail without the mishap."""
        known = self.player.red.get((self.draw.lab, self.draw.variant), set())
        return set() if self.draw.solved_before else known

    def _cluster(self) -> str:
        """Return the uid of the cluster, which may take time to answer."""
        found = ""

        def answers() -> bool:
            nonlocal found
            found = cluster_of(self.world)
            return bool(found)

        eventually(answers, _CLUSTER_S)
        return found

    def _strike(self, lasting: contextlib.ExitStack) -> Ended:
        """Have the mishap and the command; return how the command ended."""
        draw, world = self.draw, self.world
        with contextlib.ExitStack() as brief:
            stack = lasting if draw.mishap.lasts else brief
            if not draw.moment:
                stack.enter_context(draw.mishap.strike(world))
                ended = world.run(draw.command)
            else:
                world.running = self._begin(draw.moment)
                try:
                    stack.enter_context(draw.mishap.strike(world))
                finally:
                    ended = world.running.wait(LIMITS_S[draw.command])
        self.player.tell(f"  `{ended.command}` ended with {ended.code}")
        return ended

    def _begin(self, moment: Moment) -> Running:
        """Begin the command; return it at the moment, in its course.

        Raises:
            Wrong: it ended before, each time; the round would show nothing.

        """
        usual, command = self.player.usual, self.draw.command
        for _ in range(_TRIES):
            running = self.world.begin(command)
            if self._has_come(running, moment):
                return running
            ended = running.wait(LIMITS_S[command])
            self.world.chose(f"ended after {ended.seconds} s, begun again")
            usual[command] = max(ended.seconds, 0.1)
            if moment.kind == STEP:
                # Not every start has every step.
                moment = Moment(TIME, part=0.7)
            elif moment.kind == TIME:
                moment = Moment(TIME, part=moment.part * 0.7)
            if command == mishap.DOWN:
                self.player.standing = None
                self.player.prepare(self.world, graded=False)
        raise Wrong(f"`{command}` always ended before the mishap")

    def _has_come(self, running: Running, moment: Moment) -> bool:
        """Wait for the moment; tell whether it came before the end."""
        part = moment.part * self.player.usual[running.command]
        deadline = time.monotonic() + (part or _STEP_S)
        while time.monotonic() < deadline and not running.has_ended():
            if moment.kind == STEP and moment.step in self.world.log_of(
                running
            ):
                break
            if moment.kind == PAUSED and self._paused():
                break
            time.sleep(0.02)
        return not running.has_ended()

    def _paused(self) -> bool:
        """Tell whether a node of the lab is paused."""
        mine = ("--filter", f"name=^{self.world.name('worker')}")
        state = ("--filter", "status=paused")
        return bool(self.world.docker("ps", "-q", *mine, *state))

    def _return(self) -> None:
        """Type the one command back, and grade."""
        began = time.monotonic()
        if self.back != mishap.GRADE:
            ended = self.world.run(self.back)
            self.player.tell(f"  back by `{self.back}`: {ended.seconds} s")
            self.problems += judge.judge_back(ended)
        self._grade(solved=self._is_solved())
        self.seconds = time.monotonic() - began

    def _is_solved(self) -> bool:
        """Tell whether the work must still be there."""
        keeps = self.back in mishap.KEEPING
        return self.draw.solved_before and keeps

    def _grade(self, *, solved: bool) -> None:
        ended = self.world.run(mishap.GRADE)
        wanted = (self.draw.lab, self.draw.variant)
        breaks = load_lab(self.draw.lab).variant(self.draw.variant).breaks
        self.problems += judge.judge_verdict(
            ended, breaks, solved=solved, red=self.player.red.get(wanted)
        )


def solve(world: World) -> None:
    """Type the solution of the lab's fault.

    Raises:
        KitError: a command of it failed.

    """
    lab = load_lab(world.lab)
    plan = provider().locate(world.student).plan
    driver = LabDriver(plan, print, lab, world.variant)
    with lock(world.student, "scripts/chaos"):
        driver.play(repairs_for(lab, world.variant).solution)
