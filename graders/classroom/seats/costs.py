"""Costs of a seat: docs/costs.json, and how many seats a machine has room for.

`scripts/bench --side-by-side` writes the costs of a lab. Until it has, a
figure is an assumption, and its row says so in `assumed`.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)

from graders.classroom.seats.machines import Capacity
from graders.course.lab import Words
from graders.files import write_atomically
from graders.settings import ROOT
from graders.yamlfile import read_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FILE: Final = ROOT / "docs" / "costs.json"
# How many of the seats start or grade at the same moment: an assumption.
BUSY_SHARE: Final = 0.25
Resource: TypeAlias = Literal["cores", "memory_mib", "disk_mib"]
RESOURCES: Final[Mapping[Resource, str]] = {
    "cores": "cores",
    "memory_mib": "memory",
    "disk_mib": "disk",
}
_FIGURES: Final = {
    "memory_mib": "memory",
    "idle_cores": "idle processor time",
    "busy_cores": "busy processor time",
    "disk_mib": "disk",
}

_Amount: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Cost(BaseModel):
    """Resources that a lab, a seat or a machine uses; sizes are in MiB.

    `side_by_side` is how many labs were on the engine when it was measured.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    memory_mib: _Amount
    idle_cores: _Amount
    busy_cores: _Amount
    disk_mib: _Amount
    side_by_side: Annotated[int, Field(ge=1)] = 1
    date: dt.date | None = None
    machine: Words | None = None
    assumed: tuple[
        Literal["memory_mib", "idle_cores", "busy_cores", "disk_mib"], ...
    ] = ()

    @property
    def cores(self) -> float:
        """The cores that a seat needs where others are seldom busy, too."""
        return self.idle_cores + BUSY_SHARE * max(
            self.busy_cores - self.idle_cores, 0
        )


class Costs(BaseModel):
    """Version 1 of costs.json.

    `other` is the lab whose row counts for labs without one, `seat` what a
    seat needs besides its lab, and `base` what a machine needs before its
    first seat.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1]
    labs: dict[str, Cost]
    other: Words
    seat: Cost
    base: Cost

    @model_validator(mode="after")
    def _expect_other(self) -> Costs:
        """Expect a row for all labs without one."""
        if self.other not in self.labs:
            raise ValueError("other must be one of the labs")
        return self

    def of(self, lab: str) -> Cost:
        """Return the cost of a lab, given by its id."""
        return self.labs.get(lab, self.labs[self.other])

    def need(self, labs: Iterable[str]) -> Capacity:
        """Return what a seat needs that runs any of these labs, one a time."""
        found = [self.of(lab) for lab in labs]
        return Capacity(
            max(it.cores for it in found) + self.seat.cores,
            math.ceil(
                max(it.memory_mib for it in found) + self.seat.memory_mib
            ),
            math.ceil(max(it.disk_mib for it in found) + self.seat.disk_mib),
        )

    def room(self, have: Capacity, need: Capacity) -> dict[Resource, int]:
        """Return how many seats each resource of a machine is enough for."""
        base = self.base
        return {
            "cores": _count(have.cores - base.cores, need.cores),
            "memory_mib": _count(
                have.memory_mib - base.memory_mib, need.memory_mib
            ),
            "disk_mib": _count(have.disk_mib - base.disk_mib, need.disk_mib),
        }

    def machine_for(self, need: Capacity, seats: int) -> Capacity:
        """Return a machine that is just large enough for so many seats."""
        base = self.base
        return Capacity(
            base.cores + seats * need.cores,
            math.ceil(base.memory_mib + seats * need.memory_mib),
            math.ceil(base.disk_mib + seats * need.disk_mib),
        )

    def assumptions(self, labs: Iterable[str]) -> list[str]:
        """Return in words which figures about these labs are not measured."""
        own = {lab: self.labs[lab] for lab in labs if lab in self.labs}
        others = [_short(lab) for lab in labs if lab not in self.labs]
        if others:
            own[self.other] = self.labs[self.other]
        rows = {_short(lab): cost for lab, cost in own.items()}
        rows |= {"a seat's shell and service": self.seat}
        rows |= {"a machine without seats": self.base}
        said = [
            f"not measured, assumed: {', '.join(names)} of {what}"
            for names, what in _grouped(rows).items()
        ]
        if others:
            said.append(
                f"not measured, as {_short(self.other)}: {', '.join(others)}"
            )
        return said


def load_costs(file: Path = FILE) -> Costs:
    """Return the costs.

    Raises:
        UsageError: all that is wrong with the file, each with its line.

    """
    # JSON is YAML, of which lines are known.
    return read_model(file, Costs)


def save_cost(lab: str, cost: Cost, file: Path = FILE) -> None:
    """Write the cost of a lab, given by its id, into the file.

    Raises:
        UsageError: the file is damaged, and its rows would be lost.

    """
    costs = load_costs(file)
    labs = costs.labs | {lab: cost}
    content = costs.model_copy(update={"labs": dict(sorted(labs.items()))})
    text = content.model_dump_json(indent=1, exclude_defaults=True)
    write_atomically(file, text + "\n")


def _count(have: float, need: float) -> int:
    """Return how often `need` goes into `have`."""
    # Sums of decimals are a little off: 0.3 goes three times into 0.9.
    return max(math.floor(have / need + 1e-9), 0)


def _grouped(rows: Mapping[str, Cost]) -> dict[tuple[str, ...], str]:
    """Return what the same figures are assumed of, in words."""
    found: dict[tuple[str, ...], list[str]] = {}
    for what, cost in rows.items():
        names = tuple(
            words for key, words in _FIGURES.items() if key in cost.assumed
        )
        if names:
            found.setdefault(names, []).append(what)
    return {names: ", ".join(of) for names, of in found.items()}


def _short(lab: str) -> str:
    """Return `lab-3` of a lab's id."""
    return "-".join(lab.split("-")[:2])
