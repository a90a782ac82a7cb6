"""The checks of a lab, as its grader file says: layer, needs, sentence."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graders.checks.check import CheckSpec, get_spec

if TYPE_CHECKING:
    from graders.course.lab import Lab

_PREFIX: Final = "test_"


@dataclass(frozen=True)
class Check:
    """One check of a lab, with its points."""

    name: str
    points: int
    sentence: str
    spec: CheckSpec


def checks_of(lab: Lab) -> list[Check]:
    """Return the lab's checks in the order in which they are made."""
    module = importlib.import_module(f"graders.labs.{lab.grader_file.stem}")
    found = []
    for name, function in vars(module).items():
        spec = get_spec(function) if name.startswith(_PREFIX) else None
        if spec is None:
            continue
        short = name.removeprefix(_PREFIX)
        sentence = (function.__doc__ or "").strip()
        found.append(Check(short, lab.checks.get(short, 0), sentence, spec))
    return found


def check_table(lab: Lab) -> str:
    """Return a table of checks in Markdown: points, layers, what they need."""
    checks = checks_of(lab)
    rows = [
        f"| `{one.name}` | {one.sentence} | {one.spec.layer} | {one.points} |"
        f" {_remarks(one.spec)} |"
        for one in checks
    ]
    total = sum(one.points for one in checks)
    return "\n".join(
        [
            "| check | what must be true | layer | points | when |",
            "|---|---|---|---|---|",
            *(row.replace("<pending>", "`<pending>`") for row in rows),
            f"| | total | | {total} | |",
        ]
    )


def _remarks(spec: CheckSpec) -> str:
    needs = ", ".join(f"`{name}`" for name in spec.needs)
    parts = [
        "with `grade --full` only" if spec.disruptive else "",
        f"after {needs}" if needs else "",
    ]
    return "; ".join(filter(None, parts))
