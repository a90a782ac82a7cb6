"""Run a command on one machine of the lab.

A probe asks for "the router" or "the client" and need not know how a command
gets there; see `graders.providers.base`.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck
from graders.providers import shell_pool
from graders.providers.base import Transport, transport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.plan.plan import Plan

# Longer than any probe needs: a machine that is paused answers nothing.
_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Output:
    """What a command on a machine came to."""

    command: str
    code: int
    out: str
    error: str

    @property
    def text(self) -> str:
        """What the command wrote, errors last."""
        return "\n".join(filter(None, (self.out.strip(), self.error.strip())))


@dataclass(frozen=True)
class Machine:
    """A machine of the lab by its role, and the way to it."""

    role: str
    way: Transport

    def run(
        self, *argv: str, seconds: float = _SECONDS, stdin: str = ""
    ) -> Output:
        """Run `argv` there and return its outcome, whatever that is.

        Raises:
            CannotCheck: the machine is not there, or does not answer within
                `seconds`.

        """
        prefix = self.way.prefix
        try:
            if stdin:
                done = _execute([*prefix, *argv], seconds, stdin)
            else:
                done = shell_pool.run(prefix, argv, seconds)
        except FileNotFoundError:
            raise CannotCheck(
                f"could not look from {self.role}: no {prefix[0]} command on"
                " PATH",
                way_out="see `lab doctor`",
            ) from None
        except subprocess.TimeoutExpired:
            raise CannotCheck(
                f"{self.role} did not answer within {seconds:.0f} s",
                way_out="is it paused? `lab up` mends it",
            ) from None
        if cause := self.way.trouble(done):
            raise CannotCheck(
                f"could not look from {self.role}: {cause.problems[0]}",
                way_out=cause.way_out,
            )
        return Output(
            " ".join(argv), done.returncode, done.stdout, done.stderr
        )


def _execute(
    command: Sequence[str], seconds: float, stdin: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
    )


def machine_of(plan: Plan, role: str) -> Machine:
    """Return a machine or node of the lab by its role."""
    return Machine(role, transport(plan, role))
