"""Which networks and ranges a student's seed leads to.

The seed is the name, and with a class ticket the name and its nonce.

The plan itself, and every name in it, is in `graders.plan.plan`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Final

from graders.errors import UsageError

if TYPE_CHECKING:
    from ipaddress import IPv4Address

DEMO: Final = "demo"

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?")
# One student's `-client` must not be another one's lab: a lab `lan` would
# call its client what demo calls its lan-client.
_OWN_WORDS: Final = (
    *("lan", "edge", "storage", "state", "router", "client", "dhcp", "desk"),
    *("control-plane", "worker", "worker2"),
)
_RESERVED: Final = re.compile(rf"(.*-)?({'|'.join(_OWN_WORDS)})")
_DEMO_SLOTS: Final = 13  # 172.18 to 172.30
_SLOTS: Final = 100  # 10.100 to 10.199
# Where a route to the whole of 10.0.0.0/8 stands, all of the above are taken:
# the spare networks are 100.64 to 100.113, with edges in 198.18.0.0/16.
_SPARE_SLOTS: Final = 50


@dataclass(frozen=True)
class RangeOffsets:
    """What varies with the seed alone, whatever networks it gets."""

    dhcp_third: int
    dhcp_host: int
    service_third: int
    pool_host: int
    small: int
    cluster_asn: int


def mac(address: IPv4Address) -> str:
    """Return the MAC of the interface that the kit gives this address."""
    # 02: locally administered.
    return ":".join(f"{byte:02x}" for byte in b"\x02\x4d" + address.packed)


def slots(seed: str) -> range:
    """Return the slots that a plan of this seed may have, best first."""
    regular = _DEMO_SLOTS if seed == DEMO else _SLOTS
    return range(regular + _SPARE_SLOTS)


def check_student(student: str) -> None:
    """Raise UsageError unless `student` may be a student's name."""
    if not _NAME.fullmatch(student):
        raise UsageError(
            f"student must be 1 to 20 of a-z, 0-9 and -, with no - at"
            f" either end, not {student!r}",
            remedy="give another name with --student or STUDENT",
        )
    if _RESERVED.fullmatch(student):
        raise UsageError(
            f"student must not end in a word that the lab's own names end"
            f" in ({', '.join(_OWN_WORDS)}), not {student!r}",
            remedy="give another name with --student or STUDENT",
        )


def seed_of(student: str, nonce: str) -> str:
    """Return what a student's numbers and faults are derived from.

    Raises:
        UsageError: the name is not allowed.

    """
    check_student(student)
    if not nonce:
        return student
    if student == DEMO:
        raise UsageError(
            f"{DEMO} always has the module's own numbers, and no class ticket",
            remedy="give the name that the ticket is for",
        )
    return f"{student} {nonce}"


def networks_for(
    seed: str, slot: int
) -> tuple[IPv4Network, IPv4Network, IPv4Network, IPv4Network]:
    """Return LAN, edge, storage, BGP pool; no two LANs share the others."""
    if slot not in slots(seed):
        raise UsageError(f"slot must be 0 to {slots(seed)[-1]}, not {slot}")
    regular = _DEMO_SLOTS if seed == DEMO else _SLOTS
    if slot >= regular:
        nth = (stable_hash(seed) + slot - regular) % _SPARE_SLOTS
        return _nets(f"100.{64 + nth}", ("198.18", nth), 201 + nth)
    if seed == DEMO:
        return _nets(f"172.{18 + slot}", ("10.90", slot), 100)
    nth = (stable_hash(seed) + slot) % _SLOTS
    return _nets(f"10.{100 + nth}", ("10.90", 100 + nth), 101 + nth)


def _nets(
    lan: str, edge: tuple[str, int], bgp_third: int
) -> tuple[IPv4Network, IPv4Network, IPv4Network, IPv4Network]:
    around, third = IPv4Network(f"{edge[0]}.0.0/16"), edge[1]
    beside = int(around[0]) + around.num_addresses
    return (
        IPv4Network(f"{lan}.0.0/16"),
        IPv4Network((int(around[third * 256]), 24)),
        IPv4Network((beside + third * 256, 24)),
        IPv4Network(f"10.0.{bgp_third}.0/24"),
    )


def shape_of(seed: str) -> RangeOffsets:
    """Return the ranges that a seed has in whatever networks it gets."""
    if seed == DEMO:
        return RangeOffsets(100, 100, 255, 200, 2, 64500)
    return RangeOffsets(
        dhcp_third=20 + stable_hash(f"{seed} dhcp third") % 130,
        dhcp_host=20 + 10 * (stable_hash(f"{seed} dhcp host") % 13),
        service_third=200 + stable_hash(f"{seed} service third") % 51,
        pool_host=20 + 10 * (stable_hash(f"{seed} pool host") % 18),
        small=2 + stable_hash(f"{seed} small pool") % 2,
        cluster_asn=64512 + 2 * (stable_hash(f"{seed} asn") % 511),
    )


def stable_hash(text: str) -> int:
    """Return a number that is the same on every machine and run."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
