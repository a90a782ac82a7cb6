"""Prove that a lab is broken as shipped, can be solved, and not be fooled.

For each variant: as shipped, the intended check fails first, in the layer that
is broken; every wrong repair is refused by the check that it names; the
solution and every other right repair pass; a reset restores the fault, with
the same verdict.

A node is isolated (`grade --full`) where the verdict depends on it, and on the
solution of a lab's first variant; at depth `full`, on every right repair.
Grading twice in a row is proved on the first variant only. At depth `brief`,
so are other right repairs and the last reset.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from functools import partial
from typing import (
    TYPE_CHECKING,
    Literal,
    Protocol,
    TypeAlias,
    TypeVar,
    cast,
)

from rich.markup import escape
from rich.table import Table

from graders.course.solutions import all_repairs
from graders.errors import KitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from graders.course.solutions import LabLike, Repairs
    from graders.grading.result import GradeResult, Outcome

# How much to prove of the variants after a lab's first.
Depth: TypeAlias = Literal["brief", "whole", "full"]


LabT = TypeVar("LabT", bound="LabLike")
LabT_contra = TypeVar("LabT_contra", bound="LabLike", contravariant=True)


class Driver(Protocol[LabT_contra]):
    """The actions of the proof on a live cluster; all may raise KitError."""

    def start(self, lab: LabT_contra, variant: str) -> None:
        """Start the lab with this fault."""

    def reset(self) -> None:
        """Return the lab to its start state."""

    def grade(self, *, full: bool = False) -> GradeResult:
        """Grade the running lab; with `full`, by disturbing it, too."""

    def play(self, path: Path) -> None:
        """Type a walkthrough at real shells."""


@dataclass(frozen=True)
class ProofStep:
    """One step of the proof; `seconds` includes the reset before it.

    `reasons` are the failed checks' own, if the step is not as expected.
    `graded` is false if a command failed or a check could not be carried out.
    """

    lab: str
    variant: str
    step: str
    expected: str
    observed: str
    ok: bool
    seconds: float
    reasons: tuple[str, ...] = ()
    graded: bool = True


@dataclass(frozen=True)
class _Step:
    """The action before a grade, and the result that it must have.

    `judge` is the check that decides; with `full`, all checks run.
    """

    name: str
    prepare: Callable[[], None]
    expected: str
    ok: Callable[[GradeResult], bool]
    judge: str
    full: bool = False


def prove(  # noqa: PLR0913 - what to prove, how, and how to report it
    lab: LabT,
    variants: Sequence[str],
    driver: Driver[LabT],
    on_step: Callable[[ProofStep], None] = lambda _: None,
    *,
    depth: Depth = "whole",
) -> list[ProofStep]:
    """Prove these variants of the lab; `on_step` gets each step at once.

    A step that fails does not end the proof; a lab that does not start
    ends that of its variant.

    Raises:
        UsageError: the lab's solutions are wrong or missing.

    """
    steps = []
    repairs = all_repairs(lab)
    for variant in variants:
        proof = _Proof(lab, variant, driver, depth)
        for step in proof.run(repairs[variant]):
            on_step(step)
            steps.append(step)
    return steps


def planned(lab: LabLike, variants: Iterable[str], depth: Depth) -> list[str]:
    """Return the steps that `prove` would run, one line each.

    Raises:
        UsageError: the lab's solutions are wrong or missing.

    """
    # No step is run.
    nothing = cast("Driver[LabLike]", None)
    lines = []
    repairs = all_repairs(lab)
    for variant in variants:
        proof = _Proof(lab, variant, nothing, depth)
        for step in proof.steps(repairs[variant]):
            command = "grade --full" if step.full else "grade"
            lines.append(
                f"{lab.id} {variant}: {step.name}: {command} {step.expected}"
            )
    return lines


def proven(steps: Sequence[ProofStep]) -> bool:
    """Return whether all steps, at least one, were as expected."""
    return bool(steps) and all(step.ok for step in steps)


def as_json(steps: Sequence[ProofStep]) -> str:
    """Return the proof as one JSON document."""
    return json.dumps(
        {
            "version": 1,
            "proven": proven(steps),
            "seconds": round(sum(step.seconds for step in steps), 1),
            "rows": [asdict(step) for step in steps],
        },
        indent=2,
    )


def table(steps: Sequence[ProofStep]) -> Table:
    """Return the proof as a table for the terminal."""
    as_expected = sum(step.ok for step in steps)
    result = Table(title=f"{as_expected} of {len(steps)} steps as expected")
    for name in ("", "lab", "variant", "step", "expected", "observed"):
        result.add_column(name, overflow="fold")
    result.add_column("seconds", justify="right")
    for step in steps:
        result.add_row(
            "[green]ok[/]" if step.ok else "[red]NO[/]",
            *(step.lab, step.variant, step.step, step.expected),
            escape("\n".join((step.observed, *step.reasons))),
            f"{step.seconds:.1f}",
        )
    return result


class _Proof:
    """The proof of one variant."""

    def __init__(
        self,
        lab: LabT,
        variant: str,
        driver: Driver[LabT],
        depth: Depth,
    ) -> None:
        self._lab = lab.id
        self._variant = variant
        first = variant == next(iter(lab.variants))
        self._grade_twice = first or depth == "full"
        self._full = depth == "full"
        self._isolates = first or self._full
        self._whole = first or depth != "brief"
        self._breaks = lab.variants[variant].breaks
        self._layer = lab.variants[variant].layer
        self._driver = driver
        self._start = lambda: driver.start(lab, variant)
        self._shipped: dict[str, Outcome] | None = None
        self._repaired = False

    def run(self, repairs: Repairs) -> Iterator[ProofStep]:
        """Run all steps; only the first if it has no verdict."""
        for step in self.steps(repairs):
            yield self._run(step)
            if self._shipped is None:
                return

    def steps(self, repairs: Repairs) -> Iterator[_Step]:
        """Return the steps of the proof in order."""
        red = f"fails on {self._breaks} ({self._layer}) first"
        yield _Step(
            "as shipped", self._start, red, self._as_shipped, self._breaks
        )
        if self._grade_twice:
            same = "the same verdict"
            yield _Step("again", lambda: None, same, self._same, self._breaks)
        for wrong in repairs.wrong:
            by = wrong.refused_by
            yield _Step(
                f"wrong/{wrong.path.name}",
                partial(self._play, wrong.path),
                f"fails on {' or '.join(by)}",
                partial(_fails_on, by),
                by[0],
            )
        other = repairs.other if self._whole else ()
        for path in (repairs.solution, *other):
            solution = path == repairs.solution
            yield _Step(
                path.name if solution else f"other/{path.name}",
                partial(self._play, path),
                "passes",
                lambda result: result.flawless,
                self._breaks,
                full=self._isolates if solution else self._full,
            )
        if self._whole:
            same = "as shipped"
            yield _Step("reset", self._reset, same, self._same, self._breaks)

    def _run(self, step: _Step) -> ProofStep:
        """Run one step; an error of the kit counts as its observation."""
        start = time.monotonic()
        reasons: tuple[str, ...] = ()
        graded = False
        try:
            step.prepare()
            result = self._grade(step)
        except KitError as error:
            observed, ok = " ".join(str(error).split()), False
        else:
            observed, graded = result.summary, not result.errors
            ok = step.ok(result) and graded
            if not ok:
                reasons = tuple(
                    f"{check.name}: {check.reason}" for check in result.failed
                )
        return ProofStep(
            self._lab,
            self._variant,
            step.name,
            step.expected,
            observed,
            ok,
            round(time.monotonic() - start, 1),
            reasons,
            graded,
        )

    def _grade(self, step: _Step) -> GradeResult:
        """Grade, and with `full` if the deciding check needs it.

        If a check could not be carried out, grade once more.
        """
        result = self._driver.grade(full=step.full)
        if result.errors:
            result = self._driver.grade(full=step.full)
        if step.judge in [check.name for check in result.deferred]:
            return self._driver.grade(full=True)
        return result

    def _play(self, path: Path) -> None:
        """Type a repair at the lab as shipped."""
        if self._repaired:
            self._reset()
        self._repaired = True
        self._driver.play(path)

    def _reset(self) -> None:
        self._driver.reset()

    def _as_shipped(self, result: GradeResult) -> bool:
        self._shipped = result.outcomes
        first = result.failed[0].name if result.failed else ""
        return (first, result.first_broken_layer) == (
            self._breaks,
            self._layer,
        )

    def _same(self, result: GradeResult) -> bool:
        return result.outcomes == self._shipped


def _fails_on(checks: tuple[str, ...], result: GradeResult) -> bool:
    return any(failed.name in checks for failed in result.failed)
