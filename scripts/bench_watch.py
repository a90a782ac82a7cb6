"""How long `lab watch` takes to show what a student has changed."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from bench_common import STUDENT, typed
from graders.course.lab import all_labs
from graders.course.solutions import repairs_for
from graders.course.templates import names
from graders.course.walkthrough import read_walkthrough
from graders.errors import CannotCheck
from graders.proof.bench import Measure
from graders.proof.driver import LabDriver
from graders.proof.watching import SUMMARY, PlainWatch, delays
from graders.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench_common import Keep
    from graders.course.lab import Lab
    from graders.plan.plan import Plan

_WANTED: Final = "<= 3 s"
# Seconds until the fault, or the repair, is shown.
_PATIENCE_S: Final = 60.0


def measure_watch(
    plan: Plan, labs: Sequence[Lab], most: int | None, keep: Keep
) -> None:
    """Type the solutions of these labs line by line, and time what is shown.

    `most` is how many variants of each lab are typed. `keep` gets what there
    is after each of them, and the row of all labs if none is left out.
    """
    whole = Measure("lab watch shows a change", _WANTED)
    for lab in labs:
        part = Measure(f"lab watch shows a change, {lab.id[:5]}", _WANTED)
        for variant in [*lab.variants][:most]:
            typed("lab", "start", lab.id, "--variant", variant)
            seconds = _watched(plan, lab, variant)
            print(f"{lab.id} {variant}: {seconds}", file=sys.stderr)
            part.values += seconds
            whole.values += seconds
            keep([part])
    if most is None and len(labs) == len(all_labs()):
        keep([whole])
    if whole.values:
        print(f"median: {median(whole.values):.2f} s", file=sys.stderr)


def _watched(plan: Plan, lab: Lab, variant: str) -> list[float]:
    """Type one solution while `lab watch` runs."""
    file = repairs_for(lab, variant).solution
    driver = LabDriver(plan, print, lab, variant)
    program = str(Path(sys.executable).parent / "lab")
    argv = [program, "watch", "--plain", "--student", STUDENT]
    with PlainWatch(argv, ROOT) as watch:
        begun = watch.find(SUMMARY, 0, _PATIENCE_S)
        walkthrough = read_walkthrough(file, names(plan))
        seconds = delays(watch, walkthrough, driver.shell)
        if begun is None or not watch.turns_right(_PATIENCE_S):
            raise CannotCheck(
                f"lab watch does not show that {lab.id} {variant} is"
                f" repaired:\n{watch.text()}"
            )
        return [round(one, 2) for one in seconds]
