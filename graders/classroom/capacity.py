"""How many labs this computer can regrade at a time.

A lab has 0.83 GiB resident (docs/bench.md), and a sandbox may have half a GiB;
a cluster that is created keeps more than one core busy, one that is graded
waits most of the time.
"""

from __future__ import annotations

import os
from typing import Final

from graders.proof.idle import available_mib

LAB_MIB: Final = 1400
# For everything else on the computer.
_SPARE_MIB: Final = 1024


def default_jobs() -> int:
    """Return one lab for each core, as far as there is memory."""
    return jobs_for(len(os.sched_getaffinity(0)), available_mib())


def jobs_for(cores: int, available: float) -> int:
    """Return how many labs so many cores and MiB of memory are enough for."""
    return max(1, min(cores, int((available - _SPARE_MIB) // LAB_MIB)))
