"""Facts about a host, read from the output of facts.sh."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from graders.errors import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBER: Final = re.compile("[0-9]{1,18}")
GIB: Final = 1024**2  # in KiB, as everything here


@dataclass(frozen=True)
class ClockOffset:
    """How far a host's clock is ahead of ours, in seconds."""

    seconds: float
    uncertainty: float


@dataclass(frozen=True)
class Answer:
    """Who answered on a host's LAN: a DHCP server, or the owner in ARP."""

    protocol: str
    address: str
    mac: str


@dataclass(frozen=True)
class Facts:
    """Values by name, and listening programs by protocol and port."""

    values: Mapping[str, str]
    listeners: Mapping[tuple[str, int], str] = field(default_factory=dict)
    clock: ClockOffset | None = None
    answers: tuple[Answer, ...] = ()

    @property
    def summary(self) -> str:
        """The host in one line."""
        return (
            f"{self.values.get('os')}, {self.number('cores')} cores,"
            f" {gib(self.number('memory_kib'))} memory,"
            f" {gib(self.number('disk_kib'))} of disk free"
        )

    def number(self, key: str) -> int:
        """Return a whole number, -1 if the value is not one."""
        value = self.values.get(key, "")
        return int(value) if _NUMBER.fullmatch(value) else -1


def parse(text: str, clock: ClockOffset | None = None) -> Facts:
    """Return the facts in what facts.sh and segment.pl printed."""
    values: dict[str, str] = {}
    listeners: dict[tuple[str, int], str] = {}
    answers: list[Answer] = []
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key == "answers":
            protocol, address, mac = (*printable(value).split(), "", "", "")[
                :3
            ]
            answers.append(Answer(protocol, address, mac))
            continue
        if key != "listens":
            values[key] = printable(value.strip())
            continue
        protocol, port, *program = [*value.split(), "", ""]
        if _NUMBER.fullmatch(port):
            name = printable(" ".join(program).strip())
            listeners[protocol, int(port)] = name or "an unknown program"
    return Facts(values, listeners, clock, tuple(answers))


def gib(kib: int) -> str:
    """Return a size in KiB as text."""
    return f"{kib / GIB:.1f} GiB"
