"""What was measured: the rows of docs/bench.json.

`scripts/bench` writes them, and the site shows them as a table.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graders import settings
from graders.course.lab import Words
from graders.course.quiz import line_of
from graders.course.walkthrough import shown
from graders.errors import UsageError
from graders.yamlfile import model_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from graders.course.lab import Lab

FILE: Final = settings.ROOT / "docs" / "bench.json"
_MEMORY: Final = Path("/proc/meminfo")


@dataclass
class Measure:
    """One thing being measured; seconds, unless `unit` says otherwise."""

    name: str
    wanted: str
    unit: str = "s"
    values: list[float] = field(default_factory=list)


class Figure(BaseModel):
    """One row: what was measured, when and where."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Words
    wanted: Words
    unit: Words
    values: Annotated[list[Annotated[float, Field(ge=0)]], Field(min_length=1)]
    date: dt.date
    machine: Words


def load_figures(file: Path = FILE) -> list[Figure]:
    """Return the rows; none if nothing was measured yet.

    Raises:
        UsageError: all that is wrong with the file, each with its line.

    """
    place = shown(file)
    if not file.exists():
        return []
    text = file.read_text(encoding="utf-8")
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{place}:{error.lineno} must be JSON: {error.msg}"
        ) from error
    if not isinstance(raw, list):
        raise UsageError(f"{place}:1 must be a list of rows")
    found, problems = _read(place, yaml.compose(text), raw)
    if problems:
        raise UsageError(*problems)
    return found


def merged(old: Iterable[Figure], new: Iterable[Figure]) -> list[Figure]:
    """Return the old rows in their order; those measured again are new."""
    rows = {one.name: one for one in old}
    rows.update((one.name, one) for one in new)
    return list(rows.values())


def save_figures(new: Iterable[Figure], file: Path = FILE) -> None:
    """Write rows into the file, which keeps those that are not new.

    Raises:
        UsageError: what stands in the file is broken, and would be lost.

    """
    rows = [
        one.model_dump(mode="json") for one in merged(load_figures(file), new)
    ]
    text = json.dumps(rows, indent=1) + "\n"
    beside = file.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)


def to_figures(measures: Iterable[Measure]) -> list[Figure]:
    """Return rows of what has been measured, today and on this machine."""
    today = dt.datetime.now().astimezone().date()
    here = machine_summary()
    return [
        Figure(
            name=one.name,
            wanted=one.wanted,
            unit=one.unit,
            values=one.values,
            date=today,
            machine=here,
        )
        for one in measures
        if one.values
    ]


def select_labs(labs: Sequence[Lab], numbers: str) -> list[Lab]:
    """Return the labs with these numbers, such as `3,4`; all for nothing.

    Raises:
        UsageError: there is no such lab.

    """
    wanted = [one.strip() for one in numbers.split(",") if one.strip()]
    known = {str(one.number): one for one in labs}
    for one in wanted:
        if one not in known:
            raise UsageError(
                f"--labs must be numbers of {', '.join(known)}, not {one!r}"
            )
    return [known[one] for one in wanted or known]


def machine_summary(memory: Path = _MEMORY) -> str:
    """Say in a few words what this machine is."""
    with memory.open(encoding="ascii") as file:
        gib = int(file.readline().split()[1]) // 1024**2
    kernel = platform.release().split("-")[0]
    return f"{os.cpu_count()} cores, {gib} GiB, {platform.system()} {kernel}"


def _read(
    place: str, root: yaml.Node | None, raw: list[object]
) -> tuple[list[Figure], list[str]]:
    found: dict[str, Figure] = {}
    problems: list[str] = []
    for at, item in enumerate(raw):
        try:
            one = Figure.model_validate(item)
        except ValidationError as error:
            problems += [
                f"{place}:{line_of(root, (at, *wrong['loc']))}:"
                f" {model_problem(wrong, file=place)}"
                for wrong in error.errors(include_url=False)
            ]
            continue
        if one.name in found:
            line = line_of(root, (at,))
            problems.append(f"{place}:{line}: {one.name!r} must come once")
        found[one.name] = one
    return list(found.values()), problems
