"""Draw rounds: lab and variant, mishap, command and moment.

A round's draw depends on the seed, its number and its kind alone, so that any
round can be repeated by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Final

from graders.checks.check import get_spec
from graders.course.lab import all_labs, load_lab
from graders.grading.check_spec import check_functions, check_name
from tests.chaos import mishap
from tests.chaos.mishap import BEFORE, DURING, Mishap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# So many rounds in a row are about the same lab: starting one takes seconds.
_SAME_LAB: Final = 3
# Every so many rounds the lab is solved, and the verdict must be green.
SOLVED_EVERY: Final = 4
# Moments: a part of the usual time, a step in the playbook's log, a node that
# a grade has paused.
TIME: Final = "time"
STEP: Final = "step"
PAUSED: Final = "paused"

_START: Final = (
    "Read the lab's objects",
    "Reset nodes, machines and cluster",
    "Install MetalLB",
    "Apply the lab's objects",
    "Break the lab",
    "Select the lab's namespace",
)
STEPS: Final = {
    mishap.UP: (
        "Create the networks",
        "Write kind's configuration",
        "List the nodes",
        "Wait for every node to be ready",
        "Route the edge network",
    ),
    mishap.START: _START,
    mishap.RESET: (
        "Start nodes and machines",
        "Create and start the machines",
        *_START,
    ),
}


@dataclass(frozen=True)
class Moment:
    """When a mishap strikes in the course of a command."""

    kind: str
    part: float = 0.0
    step: str = ""

    def __str__(self) -> str:
        """Describe it for the log."""
        if self.kind == TIME:
            return f"at {self.part:.0%} of its usual time"
        return f"at step {self.step!r}" if self.step else "at a paused node"


@dataclass(frozen=True)
class Draw:
    """All that chance decides about a round."""

    number: int
    seed: int
    mishap: Mishap
    lab: str
    variant: str
    command: str
    moment: Moment | None
    solved: bool
    """The lab is solved: before the mishap if it keeps that, else after."""

    @property
    def solved_before(self) -> bool:
        """Whether the work comes first, and must survive."""
        return self.solved and (
            self.mishap.paused
            or (self.mishap.keeps and self.command in mishap.KEEPING)
        )

    @property
    def random(self) -> Random:
        """What the mishap itself chooses with."""
        return Random(f"{self.seed}/{self.number}/{self.mishap.kind}/strike")

    def __str__(self) -> str:
        """Describe it on one line."""
        when = str(self.moment) if self.moment else "before it"
        work = "solved" if self.solved else "as shipped"
        return (
            f"round {self.number}: {self.mishap.kind}, `{self.command}`"
            f" {when}, lab {self.lab} {self.variant}, {work}"
        )


def draws(
    seed: int, mishaps: Sequence[Mishap], labs: Sequence[str] = mishap.LABS
) -> Iterator[Draw]:
    """Draw rounds without an end: every kind once, then all again."""
    number = count(1)
    for deck in count(1):
        kinds = sorted(mishaps, key=lambda one: one.kind)
        Random(f"{seed}/deck/{deck}").shuffle(kinds)
        for one in kinds:
            yield draw(seed, next(number), one, labs)


def draw(
    seed: int, number: int, one: Mishap, labs: Sequence[str] = mishap.LABS
) -> Draw:
    """Draw one round of a kind."""
    lab, variant = _lab(seed, number, [it for it in labs if it in one.labs])
    chance = Random(f"{seed}/{number}/{one.kind}")
    solved = one.paused or number % SOLVED_EVERY == 0
    commands = one.commands
    if solved and one.keeps and not one.paused:
        # Only then is there work to be kept.
        commands = (
            tuple(it for it in commands if it in mishap.KEEPING) or commands
        )
    command = chance.choice(commands)
    when = chance.choice(one.when)
    moment = None if when == BEFORE else _moment(chance, one, command)
    return Draw(number, seed, one, lab, variant, command, moment, solved)


def _moment(chance: Random, one: Mishap, command: str) -> Moment:
    assert DURING in one.when
    if one.paused:
        return Moment(PAUSED)
    part = chance.uniform(0.02, 0.98)
    steps = STEPS.get(command, ())
    if steps and chance.random() < 0.5:
        return Moment(STEP, step=chance.choice(steps))
    return Moment(TIME, part=part)


def _lab(seed: int, number: int, labs: Sequence[str]) -> tuple[str, str]:
    """Return a lab and a fault that a grade without --full finds."""
    chance = Random(f"{seed}/lab/{(number - 1) // _SAME_LAB}")
    # A kind for some labs only takes the first of them in the same order.
    order = list(_numbers())
    chance.shuffle(order)
    lab = next(it for it in order if it in labs)
    return lab, chance.choice(variants(lab))


@cache
def _numbers() -> tuple[str, ...]:
    return tuple(str(lab.number) for lab in all_labs())


@cache
def variants(number: str) -> tuple[str, ...]:
    """Return the faults of a lab that a grade without --full finds."""
    lab = load_lab(number)
    disruptive = {
        check_name(function.__name__)
        for function in check_functions(lab.grader_file)
        if (spec := get_spec(function)) and spec.disruptive
    }
    return tuple(
        name
        for name, variant in lab.variants.items()
        if variant.breaks not in disruptive
    )
