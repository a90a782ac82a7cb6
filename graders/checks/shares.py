"""Which node got how many of a client's connections."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from graders.probes.traffic import Flows

# What a node must get at least; by chance a fair half is never so small.
FEW: Final = 4


def shares(pods: dict[str, str], seen: Flows) -> dict[str, int]:
    """Return how many connections each node got, by its pods' answers."""
    found: Counter[str] = Counter()
    for pod, count in seen.answers.items():
        found[pods.get(pod, f"{pod}, no pod of web")] += count
    return dict(found)


def busy_nodes(pods: dict[str, str], seen: Flows) -> frozenset[str]:
    """Return the nodes that got a share worth the name."""
    found = shares(pods, seen)
    return frozenset(node for node, count in found.items() if count >= FEW)
