"""When to judge: after each change, and rarely while nothing happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Seconds from one beginning to the next, whatever happens.
LEAST_S: Final = 2.5
# For so long after a change, its effects may still come: sessions, routes.
RESTLESS_S: Final = 12.0
# What no look notices, such as a paused machine, is noticed after this time.
REST_S: Final = 60.0
# The same while something cannot be checked.
REPAIR_S: Final = 5.0


@dataclass
class Pace:
    """Decides when to judge, by the time that its callers pass.

    The first time is due at once.
    """

    _begun: float = float("-inf")
    _changed: float = float("-inf")
    _pending: bool = True

    def change(self, now: float) -> None:
        """Note a change."""
        self._changed = now
        self._pending = True

    def begin(self, now: float) -> None:
        """Note that judging has begun."""
        self._begun = now
        self._pending = False

    def due(self, *, broken: bool = False) -> float:
        """Return when to judge next; `broken` if not all could be checked."""
        if self._pending or self._begun < self._changed + RESTLESS_S:
            return self._begun + LEAST_S
        return self._begun + (REPAIR_S if broken else REST_S)
