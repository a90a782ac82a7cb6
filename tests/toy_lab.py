"""A lab as the proof sees it, without files."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Variant:
    """What the proof needs of a variant."""

    breaks: str = "vip"
    layer: str = "allocation"


@dataclass(frozen=True)
class Lab:
    """What the proof needs of a lab."""

    id: str = "lab-9-toy"
    checks: dict[str, int] = field(
        default_factory=lambda: {"vip": 10, "pool": 5, "http": 5}
    )
    variants: dict[str, Variant] = field(
        default_factory=lambda: {"no-pool": Variant()}
    )
