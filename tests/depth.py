"""How much to test on live labs."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

# `PROOF=--full make test` leaves nothing out, and takes its time.
FULL: Final = os.environ.get("PROOF") == "--full"
thorough: Final = pytest.mark.skipif(
    not FULL, reason="like another test; PROOF=--full runs it"
)

# Such as 2/8, the second of eight parts of the live and other slow tests. CI
# runs one of them by commit, and all every night.
PART: Final = os.environ.get("PART", "1/1")


def in_part(number: int, units: int) -> bool:
    """Tell whether unit `number` of `units`, from 0, is in this run's part.

    If there are more parts than units, a unit is in several parts.

    Raises:
        pytest.UsageError: `PART` is not a part such as 2/8.

    """
    found = re.fullmatch(r"([1-9])/([1-9])", PART)
    part, parts = map(int, found.groups()) if found else (2, 1)
    if part > parts:
        raise pytest.UsageError(f"expected PART=2/8 or the like, not {PART}")
    turns = min(parts, units)
    return number % turns == (part - 1) % turns


def choose(
    config: pytest.Config,
    items: list[pytest.Item],
    unit_of: Callable[[pytest.Item], str],
) -> None:
    """Leave this run the tests of its part.

    Tests of one unit stay together; those of no unit, "", are in every part.
    """
    units = list(dict.fromkeys(filter(None, map(unit_of, items))))
    chosen = {unit for n, unit in enumerate(units) if in_part(n, len(units))}
    chosen.add("")
    left_out = [item for item in items if unit_of(item) not in chosen]
    items[:] = [item for item in items if unit_of(item) in chosen]
    config.hook.pytest_deselected(items=left_out)
