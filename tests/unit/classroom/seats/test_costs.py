"""Costs of seats: enough is asked for, and what is assumed is named."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.classroom.seats.costs import (
    FILE,
    Cost,
    Costs,
    load_costs,
    save_cost,
)
from graders.classroom.seats.machines import Capacity
from graders.course.lab import all_labs
from graders.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

FREE = Cost(memory_mib=0, idle_cores=0, busy_cores=0, disk_mib=0)
SMALL = Cost(memory_mib=800, idle_cores=0.1, busy_cores=1.1, disk_mib=1000)
LARGE = Cost(memory_mib=1300, idle_cores=0.2, busy_cores=1.0, disk_mib=900)
COSTS = Costs(
    version=1,
    labs={"lab-3-x": SMALL, "lab-6-y": LARGE},
    other="lab-3-x",
    seat=FREE.model_copy(update={"memory_mib": 200}),
    base=FREE.model_copy(update={"memory_mib": 1000, "disk_mib": 4000}),
)


def test_published_costs() -> None:
    """The file of the repository is read, and names labs that exist."""
    costs = load_costs()

    assert {*costs.labs} <= {lab.id for lab in all_labs()}
    for cost in costs.labs.values():
        assert cost.machine
        assert cost.date


def test_a_seat_needs_the_most_of_its_labs() -> None:
    """One seat plays all labs, one after another."""
    assert COSTS.need(["lab-1"]) == Capacity(0.35, 1000, 1000)
    assert COSTS.need(["lab-1", "lab-6-y"]) == Capacity(0.4, 1500, 1000)


def test_room() -> None:
    """What a machine needs for itself is no seat's."""
    need = Capacity(0.3, 1000, 1000)

    room = COSTS.room(Capacity(0.9, 5999, 24000), need)
    assert room == {"cores": 3, "memory_mib": 4, "disk_mib": 20}
    assert COSTS.room(Capacity(1, 500, 500), need)["memory_mib"] == 0


@given(
    cores=st.floats(0, 500),
    memory=st.integers(0, 2**22),
    disk=st.integers(0, 2**24),
)
def test_seats_fit(cores: float, memory: int, disk: int) -> None:
    """As many seats as there is room for never need more than there is."""
    need = COSTS.need(["lab-1"])
    have = Capacity(cores, memory, disk)
    room = COSTS.room(have, need)

    seats = min(room.values())
    if seats:
        assert seats * need.cores <= cores + 1e-6
        assert seats * need.memory_mib + COSTS.base.memory_mib <= memory
        assert seats * need.disk_mib + COSTS.base.disk_mib <= disk
    bigger = COSTS.room(replace(have, memory_mib=memory + 1000), need)
    assert bigger["memory_mib"] >= room["memory_mib"]


@given(seats=st.integers(1, 500))
def test_a_machine_for_so_many(seats: int) -> None:
    """It has room for just these."""
    need = COSTS.need(["lab-1", "lab-6-y"])

    room = COSTS.room(COSTS.machine_for(need, seats), need)
    assert {*room.values()} == {seats}


def test_assumptions_are_named() -> None:
    """Only those about the labs that are played."""
    guess = SMALL.model_copy(update={"assumed": ("disk_mib",)})
    costs = COSTS.model_copy(update={"labs": COSTS.labs | {"lab-3-x": guess}})

    assert costs.assumptions(["lab-1-a", "lab-2-b", "lab-6-y"]) == [
        "not measured, assumed: disk of lab-3",
        "not measured, as lab-3: lab-1, lab-2",
    ]
    assert costs.assumptions(["lab-6-y"]) == []
    assert COSTS.assumptions(["lab-3-x"]) == []


def test_a_measured_lab(tmp_path: Path) -> None:
    """Its row is written, and the others are kept."""
    file = tmp_path / "costs.json"
    shutil.copy(FILE, file)
    cost = SMALL.model_copy(
        update={"date": dt.date(2027, 1, 11), "machine": "2 cores"}
    )
    before = load_costs(file)

    save_cost("lab-3-bgp-ecmp", cost, file)

    assert load_costs(file) == before.model_copy(
        update={"labs": before.labs | {"lab-3-bgp-ecmp": cost}}
    )


def test_damaged(tmp_path: Path) -> None:
    """Mistakes are named with their lines."""
    file = tmp_path / "costs.json"
    document = json.loads(FILE.read_text("utf-8"))
    document["labs"]["lab-6-gateway"]["memory_mib"] = -1
    file.write_text(json.dumps(document, indent=1), "utf-8")

    with pytest.raises(UsageError, match=r"costs\.json:\d+: labs.*memory"):
        save_cost("lab-1", SMALL, file)
    assert json.loads(file.read_text("utf-8")) == document
