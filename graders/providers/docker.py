"""The one way in which the kit's Python calls docker."""

from __future__ import annotations

import subprocess
from typing import Final, Protocol

from graders.errors import CannotCheck

_SECONDS: Final = 60.0
_CUT: Final = 200


class Docker(Protocol):
    """What `docker` below is; tests give their own."""

    def __call__(self, *args: str) -> str:
        """Run `docker <args>` and return its standard output."""
        ...


class EngineDown(CannotCheck):
    """The docker client is missing, or no engine answers it."""


class EngineForbidden(CannotCheck):
    """An engine runs, but this user may not use it."""


def docker(*args: str) -> str:
    """Run `docker <args>` and return what it wrote, without the last newline.

    Raises:
        EngineDown: there is no client, or no engine answers.
        EngineForbidden: the user may not use the engine.
        CannotCheck: any other failure, or no answer within a minute.

    """
    try:
        done = subprocess.run(
            ["docker", *args],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise EngineDown(
            "no docker command on PATH",
            way_out="run `lab up`, which installs the engine on Debian and"
            " Ubuntu; elsewhere install Docker",
        ) from None
    except subprocess.TimeoutExpired:
        raise CannotCheck(
            f"could not {_shown(args)}: no answer within {_SECONDS:.0f} s",
            way_out="restart the Docker engine, then try again",
        ) from None
    if done.returncode:
        raise error_from(args, done.stderr)
    return done.stdout.rstrip("\n")


def error_from(args: tuple[str, ...], stderr: str) -> CannotCheck:
    """Turn docker's complaint into an error that names the way out."""
    text = stderr.lower()
    if "permission denied" in text and "sock" in text:
        return EngineForbidden(
            "this user may not use the Docker engine (permission denied on"
            " its socket)",
            way_out="`sudo usermod -aG docker $USER` and log in again, or"
            " use sudo",
        )
    if "cannot connect to the docker daemon" in text or (
        "daemon running" in text
    ):
        return EngineDown(
            "the Docker engine does not answer",
            way_out="start it, or run `lab up`, which starts it on Debian"
            " and Ubuntu",
        )
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    cause = lines[-1][:_CUT] if lines else "no message"
    return CannotCheck(
        f"could not {_shown(args)}: {cause}",
        way_out="see `lab doctor`",
    )


def _shown(args: tuple[str, ...]) -> str:
    """Name a call by its first words; the rest may be long."""
    return " ".join(("docker", *args))[:60]
