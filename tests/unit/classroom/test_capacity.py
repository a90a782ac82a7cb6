"""How many labs at a time."""

from __future__ import annotations

import pytest

from graders.classroom.capacity import default_jobs, jobs_for


@pytest.mark.parametrize(
    ("cores", "available", "jobs"),
    [(2, 16_000, 2), (16, 16_000, 10), (8, 3_000, 1), (4, 500, 1)],
)
def test_cores_and_memory(cores: int, available: float, jobs: int) -> None:
    """One lab for each core, if there is memory; at least one."""
    assert jobs_for(cores, available) == jobs


def test_this_computer() -> None:
    """It can do one at least."""
    assert default_jobs() >= 1
