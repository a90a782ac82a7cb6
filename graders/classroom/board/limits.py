"""How much one student may send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Events at once, and how many a second after that.
BURST: Final = 60
RATE: Final = 1.0
# Events that are kept of one student: 160 a day, for a month.
MOST_KEPT: Final = 5000


@dataclass
class Allowance:
    """The rate limit and the stored total of one student's events.

    Events that are known already cost nothing, or who repeats a student's
    messages would silence the student.
    """

    kept: int = 0
    _left: float = BURST
    _at: float = 0

    def refusal(self, events: int, now: float) -> str:
        """Return why this many events are too many now, or ""."""
        if self.kept + events > MOST_KEPT:
            return f"the board keeps {MOST_KEPT} events of a student"
        refill = (now - self._at) * RATE if now > self._at else 0
        self._left = min(BURST, self._left + refill)
        self._at = now
        if events > self._left:
            return f"more than {BURST} events at once"
        return ""

    def charge(self, events: int) -> None:
        """Count new events."""
        self._left -= events
