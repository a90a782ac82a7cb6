"""Measurements: the rows of docs/bench.json.

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
from pydantic import BaseModel, ConfigDict, Field

from graders import settings
from graders.course.lab import Words
from graders.course.walkthrough import shown
from graders.errors import UsageError, one_line
from graders.files import read_text, write_atomically
from graders.yamlfile import read_entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from graders.course.lab import Lab

FILE: Final = settings.ROOT / "docs" / "bench.json"
MEMORY_INFO: Final = Path("/proc/meminfo")


@dataclass
class Measure:
    """A quantity and its values so far; in seconds by default."""

    name: str
    wanted: str
    unit: str = "s"
    values: list[float] = field(default_factory=list)


class Figure(BaseModel):
    """One row: a measured quantity, with date and machine."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Words
    wanted: Words
    unit: Words
    values: Annotated[list[Annotated[float, Field(ge=0)]], Field(min_length=1)]
    date: dt.date
    machine: Words


def load_figures(file: Path = FILE) -> list[Figure]:
    """Return the rows; none if there is no file yet.

    Raises:
        UsageError: all that is wrong with the file, each with its line.

    """
    place = shown(file)
    if not file.exists():
        return []
    try:
        text = read_text(file)
        raw, root = json.loads(text), yaml.compose(text)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{place}:{error.lineno} must be JSON: {error.msg}"
        ) from error
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise UsageError(
            f"{place}:1 must be JSON: {one_line(str(error), 100)}"
        ) from error
    if not isinstance(raw, list):
        raise UsageError(f"{place}:1 must be a list of rows")
    entries, problems = read_entries(root, raw, Figure, place)
    figures: dict[str, Figure] = {}
    for line, figure in entries:
        if figure.name in figures:
            problems.append(f"{place}:{line}: {figure.name!r} must come once")
        figures[figure.name] = figure
    if problems:
        raise UsageError(*problems)
    return [*figures.values()]


def merged(old: Iterable[Figure], new: Iterable[Figure]) -> list[Figure]:
    """Return the old rows in their order, replaced by new ones by name."""
    rows = {figure.name: figure for figure in old}
    rows.update((figure.name, figure) for figure in new)
    return list(rows.values())


def save_figures(new: Iterable[Figure], file: Path = FILE) -> None:
    """Add rows to the file; replace those of the same name.

    Raises:
        UsageError: the file is broken, and its rows would be lost.

    """
    rows = [
        figure.model_dump(mode="json")
        for figure in merged(load_figures(file), new)
    ]
    text = json.dumps(rows, indent=1) + "\n"
    write_atomically(file, text)


def to_figures(measures: Iterable[Measure]) -> list[Figure]:
    """Return a row for each measure with values, of today and this machine."""
    today = dt.datetime.now().astimezone().date()
    machine = machine_summary()
    return [
        Figure(
            name=measure.name,
            wanted=measure.wanted,
            unit=measure.unit,
            values=measure.values,
            date=today,
            machine=machine,
        )
        for measure in measures
        if measure.values
    ]


def select_labs(labs: Sequence[Lab], numbers: str) -> list[Lab]:
    """Return the labs with these numbers, such as `3,4`; all for "".

    Raises:
        UsageError: there is no such lab.

    """
    wanted = [word.strip() for word in numbers.split(",") if word.strip()]
    known = {str(lab.number): lab for lab in labs}
    for number in wanted:
        if number not in known:
            raise UsageError(
                f"--labs must be numbers of {', '.join(known)}, not {number!r}"
            )
    return [known[number] for number in wanted or known]


def machine_summary() -> str:
    """Return cores, memory and kernel of this machine."""
    with MEMORY_INFO.open(encoding="ascii") as file:
        gib = int(file.readline().split()[1]) // 1024**2
    kernel = platform.release().split("-")[0]
    return f"{os.cpu_count()} cores, {gib} GiB, {platform.system()} {kernel}"
