"""Run a command on one machine of the lab.

A probe asks for "the router" or "the client" and need not know how a command
gets there; today it is `docker exec`.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graders.dockercli import explain
from graders.errors import CannotCheck

if TYPE_CHECKING:
    from collections.abc import Sequence

# Longer than any probe needs: a machine that is paused answers nothing.
_SECONDS: Final = 20.0
# docker's own exit code when the container itself is the trouble.
_DOCKER_FAILED: Final = 125


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
    """A machine of the lab by its role and its container's name."""

    role: str
    container: str

    def run(self, *argv: str, seconds: float = _SECONDS) -> Output:
        """Run `argv` there and return its outcome, whatever that is.

        Raises:
            CannotCheck: the machine is not there, or does not answer within
                `seconds`.

        """
        command = ["docker", "exec", self.container, *argv]
        try:
            done = self._execute(command, seconds)
        except FileNotFoundError:
            raise CannotCheck(
                f"could not look from {self.role}: no docker command on PATH",
                way_out="see `lab doctor`",
            ) from None
        except subprocess.TimeoutExpired:
            raise CannotCheck(
                f"{self.role} did not answer within {seconds:.0f} s",
                way_out="is it paused? `lab up` mends it",
            ) from None
        if done.returncode and _is_docker_s_fault(done):
            cause = explain(("exec", self.container), done.stderr)
            raise CannotCheck(
                f"could not look from {self.role}: {cause.problems[0]}",
                way_out="`lab up` brings the lab's machines back",
            )
        return Output(
            " ".join(argv), done.returncode, done.stdout, done.stderr
        )

    @staticmethod
    def _execute(
        command: Sequence[str], seconds: float
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )


def _is_docker_s_fault(done: subprocess.CompletedProcess[str]) -> bool:
    """Tell docker's own failure from one of the command that it ran."""
    words = (
        "Error response from daemon",
        "Error: No such container",
        "Cannot connect to the Docker",
    )
    return done.returncode == _DOCKER_FAILED or any(
        done.stderr.startswith(word) for word in words
    )
