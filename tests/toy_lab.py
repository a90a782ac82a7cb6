"""A lab as the proof sees it, without files."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Variant:
    """The part of a variant that the proof reads."""

    breaks: str = "vip"
    layer: str = "allocation"


@dataclass(frozen=True)
class Lab:
    """The part of a lab that the proof reads."""

    id: str = "lab-9-toy"
    checks: dict[str, int] = field(
        default_factory=lambda: {"vip": 10, "pool": 5, "http": 5}
    )
    variants: dict[str, Variant] = field(
        default_factory=lambda: {"no-pool": Variant()}
    )
