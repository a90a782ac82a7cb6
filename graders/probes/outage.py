"""The outage that a client saw: its requests, and what happened when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

# What was measured: a VIP that one node announces by ARP, or a route.
Mode: TypeAlias = Literal["layer-2", "bgp"]
# A node was cut off, another one answers ARP instead or the router dropped
# its next hop; the node was back, and so was the next hop.
EventKind: TypeAlias = Literal[
    "silent", "taken-over", "hop-dropped", "back", "hop-restored"
]

# Seconds after which a request counts as lost.
LOST_AFTER: Final = 1.0
_REROUTED: Final = frozenset({"taken-over", "hop-dropped"})


@dataclass(frozen=True)
class Event:
    """Something that happened to a node."""

    seconds: float
    kind: EventKind
    node: str


@dataclass(frozen=True)
class Outage:
    """Requests to `url`, answered and lost, by when they were sent.

    All seconds count from the first request.
    """

    mode: Mode
    url: str
    answered: tuple[float, ...]
    lost: tuple[float, ...]
    events: tuple[Event, ...] = ()

    @property
    def total(self) -> int:
        """How many requests were sent."""
        return len(self.answered) + len(self.lost)

    @property
    def window(self) -> float:
        """Seconds from the first lost request until none was lost."""
        lost = self.lost
        return lost[-1] - lost[0] + LOST_AFTER if lost else 0.0

    @property
    def summary(self) -> str:
        """The losses in words."""
        return (
            f"{len(self.lost)} of {self.total} connections lost,"
            f" within {self.window:.1f} s"
        )

    @property
    def longest(self) -> float:
        """Seconds of the longest stretch without any answer."""
        return max(self.stretches(), default=0.0)

    @property
    def rerouted_after(self) -> float | None:
        """Seconds from the failure until traffic took another way."""
        silent = self._first({"silent"})
        rerouted = self._first(_REROUTED)
        if silent is None or rerouted is None:
            return None
        return rerouted - silent

    @property
    def samples(self) -> list[tuple[float, bool]]:
        """All requests in order, and whether each was answered."""
        return sorted(
            [(time, True) for time in self.answered]
            + [(time, False) for time in self.lost]
        )

    def stretches(self) -> list[float]:
        """Return how long each stretch without any answer took, seconds."""
        lengths, start, last = [], None, 0.0
        for time, answered in self.samples:
            if answered and start is not None:
                lengths.append(time - start)
                start = None
            elif not answered and start is None:
                start = time
            last = time
        if start is not None:
            lengths.append(last - start + LOST_AFTER)
        return lengths

    def _first(self, kinds: frozenset[str] | set[str]) -> float | None:
        """Return when one of these first happened."""
        return next((e.seconds for e in self.events if e.kind in kinds), None)
