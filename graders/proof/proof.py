"""Proof that a lab is broken as shipped, solvable, and not foolable.

For each variant: as shipped the intended check fails first, in the layer that
is broken; every wrong repair is refused by the check that it names; the
solution and every other right repair pass; reset brings the fault back, with
the same verdict.

A node is cut off (`grade --full`) where that decides, and on the solution of
a lab's first variant; at depth `full`, on every right repair. Grading twice
in a row is shown on the first variant, too; and at depth `brief`, so are other
right repairs and the last reset.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, TypeVar

from rich.markup import escape
from rich.table import Table

from graders.course.solutions import repairs_for
from graders.errors import KitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from graders.course.solutions import LabLike, Repairs
    from graders.grading.result import GradeResult, Outcome

# How much is proved of a variant that is not its lab's first.
Depth: TypeAlias = Literal["brief", "whole", "full"]

LabT = TypeVar("LabT", bound="LabLike")
LabT_contra = TypeVar("LabT_contra", bound="LabLike", contravariant=True)


class Driver(Protocol[LabT_contra]):
    """What the proof does to a live cluster; all may raise KitError."""

    def start(self, lab: LabT_contra, variant: str) -> None:
        """Stand the lab up, broken by this variant."""
        ...

    def reset(self) -> None:
        """Bring the lab back to its start state."""
        ...

    def grade(self, *, full: bool = False) -> GradeResult:
        """Grade what stands; with `full`, by disturbing it, too."""
        ...

    def play(self, path: Path) -> None:
        """Type the walkthrough at real shells."""
        ...


@dataclass(frozen=True)
class ProofStep:
    """One step of the proof; `seconds` includes the reset before it.

    `reasons` are those of the failed checks, where the step is not as
    expected: a log is all that is left of it.
    """

    lab: str
    variant: str
    step: str
    expected: str
    observed: str
    ok: bool
    seconds: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Step:
    """What to do before grading, and what the grade must be.

    `judge` is the check that decides; with `full`, all of them do.
    """

    name: str
    prepare: Callable[[], None]
    expected: str
    ok: Callable[[GradeResult], bool]
    judge: str
    full: bool = False


def prove(  # noqa: PLR0913 - what to prove, how, and whom to tell
    lab: LabT,
    variants: Sequence[str],
    driver: Driver[LabT],
    told: Callable[[ProofStep], None] = lambda _: None,
    *,
    depth: Depth = "whole",
) -> list[ProofStep]:
    """Prove these variants of the lab; `told` gets each row at once.

    A step that fails does not end the proof; a lab that does not start
    ends that of its variant.

    Raises:
        UsageError: the lab's solutions are astray.

    """
    rows = []
    for variant in variants:
        repairs = repairs_for(lab, variant)
        for row in _Proof(lab, variant, driver, depth).rows(repairs):
            told(row)
            rows.append(row)
    return rows


def proven(rows: Sequence[ProofStep]) -> bool:
    """Say whether every step came out as expected, and there was one."""
    return bool(rows) and all(row.ok for row in rows)


def as_json(rows: Sequence[ProofStep]) -> str:
    """Return the proof as one JSON document."""
    return json.dumps(
        {
            "version": 1,
            "proven": proven(rows),
            "seconds": round(sum(row.seconds for row in rows), 1),
            "rows": [asdict(row) for row in rows],
        },
        indent=2,
    )


def table(rows: Sequence[ProofStep]) -> Table:
    """Return the proof as a table for the terminal."""
    good = sum(row.ok for row in rows)
    found = Table(title=f"{good} of {len(rows)} steps as expected")
    for name in ("", "lab", "variant", "step", "expected", "observed"):
        found.add_column(name, overflow="fold")
    found.add_column("seconds", justify="right")
    for row in rows:
        found.add_row(
            "[green]ok[/]" if row.ok else "[red]NO[/]",
            *(row.lab, row.variant, row.step, row.expected),
            escape("\n".join((row.observed, *row.reasons))),
            f"{row.seconds:.1f}",
        )
    return found


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
        self._again = first or depth == "full"
        self._full = depth == "full"
        self._cuts_off = first or self._full
        self._whole = first or depth != "brief"
        self._breaks = lab.variants[variant].breaks
        self._layer = lab.variants[variant].layer
        self._driver = driver
        self._start = lambda: driver.start(lab, variant)
        self._shipped: dict[str, Outcome] | None = None
        self._touched = False

    def rows(self, repairs: Repairs) -> Iterator[ProofStep]:
        """Take all steps; none without a verdict as shipped."""
        for step in self._steps(repairs):
            yield self._row(step)
            if self._shipped is None:
                return

    def _steps(self, repairs: Repairs) -> Iterator[_Step]:
        """Yield the whole proof in its order."""
        red = f"fails on {self._breaks} ({self._layer}) first"
        yield _Step(
            "as shipped", self._start, red, self._as_shipped, self._breaks
        )
        if self._again:
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
                _flawless,
                self._breaks,
                full=self._cuts_off if solution else self._full,
            )
        if self._whole:
            reset = self._driver.reset
            yield _Step("reset", reset, "as shipped", self._same, self._breaks)

    def _row(self, step: _Step) -> ProofStep:
        """Take one step; an error of the kit is what was observed."""
        begun = time.monotonic()
        reasons: tuple[str, ...] = ()
        try:
            step.prepare()
            result = self._grade(step)
        except KitError as error:
            observed, ok = " ".join(str(error).split()), False
        else:
            observed = result.summary
            ok = step.ok(result) and not result.errors
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
            round(time.monotonic() - begun, 1),
            reasons,
        )

    def _grade(self, step: _Step) -> GradeResult:
        """Grade as briefly as will do for who decides to speak.

        What could not be checked is nobody's verdict: it is looked at again.
        """
        result = self._driver.grade(full=step.full)
        if result.errors:
            result = self._driver.grade(full=step.full)
        if step.judge in [check.name for check in result.deferred]:
            return self._driver.grade(full=True)
        return result

    def _play(self, path: Path) -> None:
        """Play a repair on the lab as shipped."""
        if self._touched:
            self._driver.reset()
        self._touched = True
        self._driver.play(path)

    def _as_shipped(self, result: GradeResult) -> bool:
        self._shipped = result.outcomes
        first = result.failed[0].name if result.failed else ""
        return (first, result.first_broken_layer) == (
            self._breaks,
            self._layer,
        )

    def _same(self, result: GradeResult) -> bool:
        return result.outcomes == self._shipped


def _flawless(result: GradeResult) -> bool:
    return result.flawless


def _fails_on(checks: tuple[str, ...], result: GradeResult) -> bool:
    return any(failed.name in checks for failed in result.failed)
