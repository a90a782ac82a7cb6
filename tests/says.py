"""A machine on which every command prints one text."""

from __future__ import annotations

from dataclasses import dataclass, field

from graders.providers.docker import DockerExec
from graders.providers.machine import Machine, Output


@dataclass(frozen=True)
class Says(Machine):
    """It keeps what it was asked in `asked`."""

    said: str = ""
    asked: list[str] = field(default_factory=list)

    def run(self, *argv: str, seconds: float = 20, stdin: str = "") -> Output:
        """Answer."""
        del seconds, stdin
        self.asked.append(" ".join(argv))
        return Output(" ".join(argv), 0, self.said, "")


def says(said: str, role: str = "client") -> Says:
    """Return a machine that says `said`."""
    return Says(role, DockerExec(f"metallb-lab-{role}"), said)
