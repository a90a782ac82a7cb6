"""Which node announces an address on Layer 2, by MetalLB's own sum.

Each speaker hashes the name of every eligible node together with the
address, and the smallest hash wins (`layer2_controller.go` of MetalLB).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Address

    from graders.plan.plan import Machine

_PLACES: Final = ("owner", "spare")
_SHOWN: Final = 8  # of a hash; enough to see which is smaller


def ranked(
    workers: Iterable[Machine], address: IPv4Address
) -> dict[str, dict[str, str]]:
    """Return who owns the address, and who is next, with their hashes."""
    hashed = sorted(
        (
            {
                "hash": _hash(worker.name, address),
                "role": worker.role,
                **worker.as_vars(),
            }
            for worker in workers
        ),
        key=lambda one: one["hash"],
    )
    return dict(zip(_PLACES, hashed, strict=True))


def owner(nodes: Iterable[str], address: IPv4Address) -> str:
    """Return the name of the node that announces `address`, of these."""
    return min(nodes, key=lambda name: _whole(name, address))


def _hash(node: str, address: IPv4Address) -> str:
    return _whole(node, address)[:_SHOWN]


def _whole(node: str, address: IPv4Address) -> str:
    return hashlib.sha256(f"{node}#{address}".encode()).hexdigest()
