"""What a host says of itself, as it was asked by facts.sh."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from graders.errors import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

GIB: Final = 1024**2  # in KiB, as everything here


@dataclass(frozen=True)
class ClockOffset:
    """How far a host's clock is from ours, in seconds, and how sure."""

    ahead: float
    within: float


@dataclass(frozen=True)
class Facts:
    """What a host says; `listens` has who listens, by protocol and port."""

    said: Mapping[str, str]
    listens: Mapping[tuple[str, int], str] = field(default_factory=dict)
    clock: ClockOffset | None = None

    @property
    def summary(self) -> str:
        """The host in one line."""
        return (
            f"{self.said.get('os')}, {self.number('cores')} cores,"
            f" {gib(self.number('memory_kib'))} memory,"
            f" {gib(self.number('disk_kib'))} of disk free"
        )

    def number(self, key: str) -> int:
        """Return a whole number; -1 for what is none."""
        value = self.said.get(key, "")
        return int(value) if value.isdecimal() else -1


def parse(text: str, clock: ClockOffset | None = None) -> Facts:
    """Return the facts in what facts.sh printed."""
    said: dict[str, str] = {}
    listens: dict[tuple[str, int], str] = {}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key != "listens":
            said[key] = printable(value.strip())
            continue
        protocol, port, *who = value.split()
        if port.isdecimal():
            name = printable(" ".join(who)) or "somebody"
            listens[protocol, int(port)] = name
    return Facts(said, listens, clock)


def gib(kib: int) -> str:
    """Return a size in KiB as a person reads it."""
    return f"{kib / GIB:.1f} GiB"
