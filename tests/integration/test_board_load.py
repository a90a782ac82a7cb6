"""300 students tell the board more than a class would, and nothing is lost.

`scripts/board-load` does the same for longer.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.board_load import Load, play

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_no_event_is_lost(tmp_path: Path) -> None:
    """Though the board is killed in the middle; its memory is bounded."""
    load = Load(students=300, grades=30, seconds=20)

    found = asyncio.run(play(tmp_path / "class", load))

    assert found.told == 600
    assert (found.lost, found.twice, found.unsent) == (0, 0, 0)
    assert found.wrong_rows == 0
    assert max(found.gaps) < 20
    assert found.peak_mb < 200
