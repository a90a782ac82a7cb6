"""Verdicts of the kit and of a checker of the usual kind, side by side.

Raw rows are kept in docs/compare.json; docs/bench.json gets their sums.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from graders import settings
from graders.files import write_atomically
from graders.proof.bench import Measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from graders.course.solutions import Repairs

FILE: Final = settings.ROOT / "docs" / "compare.json"
KIT: Final = "kit"
USUAL: Final = "usual checker"


@dataclass(frozen=True)
class Step:
    """A state of a lab: the repair that leads to it, and if it is right."""

    name: str
    repair: Path | None
    solved: bool


@dataclass(frozen=True)
class Verdict:
    """One checker's verdict on one state; `passed` is None without one."""

    lab: str
    variant: str
    step: str
    checker: str
    solved: bool
    passed: bool | None
    seconds: float

    @property
    def wrong(self) -> bool:
        """A broken lab passed, or a solved one did not."""
        return self.passed is not self.solved


def steps(repairs: Repairs) -> Iterator[Step]:
    """Return all states of a variant, first the one that is shipped."""
    yield Step("as shipped", None, solved=False)
    for wrong in repairs.wrong:
        yield Step(f"wrong/{wrong.path.name}", wrong.path, solved=False)
    yield Step(repairs.solution.name, repairs.solution, solved=True)
    for path in repairs.other:
        yield Step(f"other/{path.name}", path, solved=True)


def to_measures(verdicts: Sequence[Verdict], lab: str) -> list[Measure]:
    """Return rows about one lab: seconds and wrong verdicts of each checker.

    `lab` is the beginning of its id, such as lab-1.
    """
    measures = []
    for checker in (USUAL, KIT):
        ours = [
            verdict
            for verdict in verdicts
            if verdict.checker == checker and verdict.lab.startswith(lab)
        ]
        wrong = [float(sum(verdict.wrong for verdict in ours))] if ours else []
        seconds = [verdict.seconds for verdict in ours]
        name = checker if checker == USUAL else "kit, in the same run"
        bound = "reference" if checker == USUAL else "0"
        measures += [
            Measure(f"{name}: grade, {lab}", "reference", "s", seconds),
            Measure(
                f"{name}: wrong verdicts, {lab}",
                bound,
                f"of {len(ours)}",
                wrong,
            ),
        ]
    return measures


def save_verdicts(verdicts: Sequence[Verdict], file: Path = FILE) -> None:
    """Write raw rows; those of other labs and variants are kept."""
    measured = {(verdict.lab, verdict.variant) for verdict in verdicts}
    text = file.read_text("utf-8") if file.exists() else "[]"
    kept = [
        row
        for row in json.loads(text)
        if (row["lab"], row["variant"]) not in measured
    ]
    rows = [*kept, *map(asdict, verdicts)]
    rows.sort(key=lambda row: (row["lab"], row["variant"]))
    lines = ",\n".join(json.dumps(row) for row in rows)
    write_atomically(file, f"[\n{lines}\n]\n")
