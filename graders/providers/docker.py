"""Call docker and run commands in its containers; nothing else does."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import Final, Protocol

from graders.errors import CannotCheck
from graders.providers import capture
from graders.providers.base import ProviderDown
from graders.providers.capture import LISTING_LIMIT

_TIMEOUT_S: Final = 60.0
_MAX_LENGTH: Final = 200
# docker's own exit code when the container itself is the problem.
_DOCKER_FAILED: Final = 125
_DOCKER_ERRORS: Final = (
    "Error response from daemon",
    "Error: No such container",
    "OCI runtime exec failed",
    "Cannot connect to the Docker",
)


class Docker(Protocol):
    """The signature of `docker` below; tests have their own."""

    def __call__(self, *args: str) -> str:
        """Run `docker <args>` and return its standard output."""


class EngineDown(ProviderDown):
    """The docker client is missing, or no engine answers it."""


class EngineForbidden(CannotCheck):
    """An engine runs, but this user may not use it."""


def docker(*args: str, seconds: float = _TIMEOUT_S) -> str:
    """Run `docker <args>`; return its output without the last newline.

    Raises:
        EngineDown: there is no client, or no engine answers.
        EngineForbidden: the user may not use the engine.
        CannotCheck: any other failure, or no answer within `seconds`.

    """
    try:
        result = capture.run(
            ["docker", *args], timeout=seconds, limit=LISTING_LIMIT
        )
    except FileNotFoundError:
        raise EngineDown(
            "no docker command on PATH",
            remedy="run `lab up`, which installs the engine on Debian and"
            " Ubuntu; elsewhere install Docker",
        ) from None
    except subprocess.TimeoutExpired:
        raise CannotCheck(
            f"could not {_shown(args)}: no answer within {seconds:.0f} s",
            remedy="restart the Docker engine, then try again",
        ) from None
    except OSError as error:
        if error.filename != "docker":
            raise
        raise CannotCheck(
            f"could not run docker: {error.strerror}",
            remedy="see `command -v docker`: it must be a program for this"
            " computer that you may run",
        ) from None
    if result.returncode:
        raise error_from(args, result.stderr)
    return result.stdout.rstrip("\n")


def error_from(args: tuple[str, ...], stderr: str) -> CannotCheck:
    """Return docker's message as an error that says what to do."""
    text = stderr.lower()
    if "permission denied" in text and "sock" in text:
        return EngineForbidden(
            "this user may not use the Docker engine (permission denied on"
            " its socket)",
            remedy="`sudo usermod -aG docker $USER` and log in again, or"
            " use sudo",
        )
    if "cannot connect to the docker daemon" in text or (
        "daemon running" in text
    ):
        return EngineDown(
            "the Docker engine does not answer",
            remedy="start it, or run `lab up`, which starts it on Debian"
            " and Ubuntu",
        )
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    cause = lines[-1][:_MAX_LENGTH] if lines else "no message"
    return CannotCheck(
        f"could not {_shown(args)}: {cause}",
        remedy="see `lab doctor`",
    )


def _shown(args: tuple[str, ...]) -> str:
    """Return the first words of a call; the rest may be long."""
    return " ".join(("docker", *args))[:60]


@dataclass(frozen=True)
class DockerExec:
    """Run commands in a container of this computer's engine."""

    container: str

    @property
    def prefix(self) -> tuple[str, ...]:
        """See Transport."""
        return ("docker", "exec", "-i", self.container)

    @property
    def terminal(self) -> tuple[str, ...]:
        """See Transport."""
        return ("docker", "exec", "-it", self.container)

    def error(
        self, result: subprocess.CompletedProcess[str]
    ) -> CannotCheck | None:
        """See Transport; the engine's failure, not that of the command."""
        if not result.returncode:
            return None
        if (
            result.returncode != _DOCKER_FAILED
            and not result.stderr.startswith(_DOCKER_ERRORS)
        ):
            return None
        cause = error_from(("exec", self.container), result.stderr)
        return CannotCheck(
            cause.problems[0],
            remedy="`lab up` brings the lab's machines back",
        )
