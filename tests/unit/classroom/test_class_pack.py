"""Walkthroughs packed as submissions are as `lab submit` would write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.classroom.prepare import prepare
from graders.classroom.verify import verify
from tests.class_pack import pack_all, thirty

if TYPE_CHECKING:
    from pathlib import Path


def test_a_repair_of_each_lab(tmp_path: Path) -> None:
    """Nothing is wrong with them, and each has its lab."""
    chosen = thirty()
    assert len(chosen) == 30
    assert sum(not one.solved for one in chosen) == 10

    packed = pack_all(tmp_path, chosen[:5])

    rows = verify([one.file for one in packed])
    assert [
        str(reason)
        for row in rows
        for reason in row.reasons
        if reason.about != "ticket"
    ] == []
    assert all(prepare(row.path).plan for row in rows)
