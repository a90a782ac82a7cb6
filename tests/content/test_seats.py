"""The tables of docs/seats.md are those of docs/costs.json."""

from __future__ import annotations

import math
import re
from typing import Final

from graders.classroom.seats.costs import Cost, load_costs
from graders.classroom.seats.machines import Capacity
from graders.course.lab import all_labs
from graders.settings import ROOT

TEXT: Final = (ROOT / "docs" / "seats.md").read_text("utf-8")
COSTS: Final = load_costs()
LABS: Final = [lab.id for lab in all_labs()]
GIB: Final = 1024
LARGEST: Final = 6


def _rows(header: str) -> list[list[int]]:
    """Return the numbers of a table."""
    table = TEXT.split(f"{header}\n", 1)[1].split("\n\n", 1)[0]
    return [
        [int(cell) for cell in re.findall(r"[0-9]+", line)]
        for line in table.splitlines()[1:]
    ]


def test_seats_of_machines() -> None:
    """A teacher buys machines by this table."""
    small = COSTS.need([it for it in LABS if f"lab-{LARGEST}-" not in it])
    rows = _rows(
        "| cores | memory, GiB | disk, GiB | seats for labs 0 to 5 |"
        " with lab 6 |"
    )
    assert len(LABS) == LARGEST + 1
    for cores, memory, disk, few, every in rows:
        have = Capacity(cores, memory * GIB, disk * GIB)
        seats = [
            min(COSTS.room(have, need).values())
            for need in (small, COSTS.need(LABS))
        ]
        assert [few, every] == seats


def test_one_machine_for_all() -> None:
    """Cores and GiB are rounded up."""
    need = COSTS.need(LABS)
    for seats, *sizes in _rows("| seats | cores | memory, GiB | disk, GiB |"):
        whole = COSTS.machine_for(need, seats)
        assert sizes == [
            math.ceil(whole.cores),
            math.ceil(whole.memory_mib / GIB),
            math.ceil(whole.disk_mib / GIB),
        ]
    assert f"{4 * sizes[0]} core-hours and {4 * sizes[1]} GiB-hours" in TEXT


def test_what_is_not_measured_is_said() -> None:
    """Each figure has its date, or says that it is an assumption."""
    lab, gateway = (COSTS.of(it) for it in (COSTS.other, LABS[LARGEST]))
    for words, key, unit in (
        ("memory", "memory_mib", GIB),
        ("processor, idle", "idle_cores", 1),
        ("processor, busy", "busy_cores", 1),
        ("disk", "disk_mib", GIB),
    ):
        row = TEXT.split(f"\n| {words} | ", 1)[1].split("\n", 1)[0]
        for cell, cost in zip(row.split(" | "), (lab, gateway), strict=False):
            value = getattr(cost, key) / unit
            number = f"{value:.1f}" if unit == GIB else f"{value:g}"
            assert cell.startswith(number)
            assert cell.endswith(_origin(cost, key))
    assert not COSTS.seat.date
    assert not COSTS.base.date


def _origin(cost: Cost, key: str) -> str:
    if key in cost.assumed:
        return "not measured"
    return f"measured {cost.date}"
