"""Run a command on one machine of the lab.

A probe asks for "the router" or "the client" and does not know how a command
gets there; see `graders.providers.base`.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck
from graders.providers import capture, shell_pool
from graders.providers.capture import CUT, LIMIT, LISTING_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graders.providers.base import Transport

# Longer than any probe needs; a paused machine never answers.
TIMEOUT_S: Final = 20.0
_SEPARATOR: Final = "=-=-="


class MachineError(CannotCheck):
    """No command can run on a machine; `cause` says why, without its name."""

    def __init__(
        self, message: str, cause: str, remedy: str, machine: str = ""
    ) -> None:
        """Keep the cause next to the whole message."""
        super().__init__(message, remedy=remedy, machine=machine)
        self.cause = cause


@dataclass(frozen=True)
class Output:
    """The result of a command on a machine."""

    command: str
    code: int
    out: str
    error: str

    @property
    def text(self) -> str:
        """Everything that the command wrote, errors last."""
        return "\n".join(filter(None, (self.out.strip(), self.error.strip())))


@dataclass(frozen=True)
class Machine:
    """A machine of the lab by its role, and how commands get there.

    Of what a command writes, `limit` bytes are kept.
    """

    role: str
    transport: Transport
    limit: int = field(default=LIMIT, kw_only=True)

    def run(
        self,
        *argv: str,
        seconds: float = TIMEOUT_S,
        stdin: str = "",
    ) -> Output:
        """Run `argv` there and return its result, whatever that is.

        Raises:
            MachineError: the machine is not there, or does not answer within
                `seconds`.

        """
        prefix = self.transport.prefix
        try:
            if stdin:
                done = capture.run(
                    [*prefix, *argv],
                    timeout=seconds,
                    stdin=stdin,
                    limit=self.limit,
                )
            else:
                done = shell_pool.run(prefix, argv, seconds, self.limit)
        except FileNotFoundError:
            raise self._error(
                f"no {prefix[0]} command on PATH", "see `lab doctor`"
            ) from None
        except subprocess.TimeoutExpired:
            cause = f"did not answer within {seconds:.0f} s"
            raise MachineError(
                f"{self.role} {cause}",
                cause,
                remedy="is it paused? `lab up` mends it",
                machine=self.role,
            ) from None
        if error := self.transport.error(done):
            raise self._error(error.problems[0], error.remedy)
        return Output(
            " ".join(argv), done.returncode, done.stdout, done.stderr
        )

    def _error(self, cause: str, remedy: str) -> MachineError:
        message = f"could not look from {self.role}: {cause}"
        return MachineError(message, cause, remedy)


def run_each(machine: Machine, commands: Iterable[str]) -> list[str]:
    """Run shell commands there in one call; return the output of each.

    One call, because getting to a machine takes longest. What the commands
    write as errors is dropped.

    Raises:
        CannotCheck: the machine does not answer, or stopped in between.

    """
    parts = [f"{{ {command}; }} 2> /dev/null" for command in commands]
    script = f"; echo {_SEPARATOR}; ".join(parts)
    lister = replace(machine, limit=LISTING_LIMIT)
    output = lister.run("sh", "-c", f"{script}; true").out
    if output.endswith(CUT):
        raise CannotCheck(
            f"{machine.role} has more files, rules or routes than the kit"
            f" reads ({LISTING_LIMIT // 1_000_000} MB of listings)",
            remedy="remove what is not the lab's from there",
            machine=machine.role,
        )
    outputs = output.split(f"{_SEPARATOR}\n")
    if len(outputs) != len(parts):
        raise CannotCheck(
            f"{machine.role} stopped while it was looked at",
            remedy="`lab up` brings the lab's machines back",
            machine=machine.role,
        )
    return outputs
