"""The node that announces an address on Layer 2, as MetalLB elects it.

Each speaker hashes the name of every eligible node together with the
address, and the smallest hash wins (`layer2_controller.go` of MetalLB).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Address

_SHOWN: Final = 8  # digits of a hash; enough to see which is smaller


def ranked(
    nodes: Iterable[str], address: IPv4Address
) -> list[tuple[str, str]]:
    """Return nodes and the first digits of their hashes, the owner first."""
    hashes = sorted((_hash(name, address), name) for name in nodes)
    return [(name, digits[:_SHOWN]) for digits, name in hashes]


def owner(nodes: Iterable[str], address: IPv4Address) -> str:
    """Return the name of the node among these that announces `address`."""
    return min(nodes, key=lambda name: _hash(name, address))


def _hash(node: str, address: IPv4Address) -> str:
    return hashlib.sha256(f"{node}#{address}".encode()).hexdigest()
