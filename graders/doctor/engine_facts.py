"""Facts about the engine: what it says, and what one container of it sees."""

from __future__ import annotations

import json
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from graders.doctor.facts import ClockOffset, Facts, parse
from graders.errors import CannotCheck, parsing
from graders.providers import docker as engine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graders.providers.docker import Docker

APPLIANCE: Final = "metallb-lab/appliance"
_SCRIPT: Final = Path(__file__).with_name("engine_probe.sh")
# With this, `lab doctor` takes 10 s at most.
QUICK_S: Final = 8.0
_CLEANUP_S: Final = 2.0
# Of what the checks read of `docker info`.
_TYPES: Final[dict[str, type]] = {
    **dict.fromkeys(("KernelVersion", "OperatingSystem"), str),
    **dict.fromkeys(("DockerRootDir", "CgroupDriver"), str),
    **dict.fromkeys(("MemTotal", "NCPU"), int),
    **dict.fromkeys(("FirewallBackend",), dict),
    **dict.fromkeys(("SecurityOptions",), list),
}


class TimeIsUp(CannotCheck):
    """The engine did not answer within the doctor's time."""


class TimedDocker:
    """Call docker within a total time, so that a frozen engine is told."""

    def __init__(self, total: float = QUICK_S) -> None:
        """Start the time."""
        self._end = time.monotonic() + total

    def __call__(self, *args: str) -> str:
        """Run `docker <args>`.

        Raises:
            TimeIsUp: it did not answer in time.
            CannotCheck: as `docker`.

        """
        seconds = self._end - time.monotonic()
        if seconds > 0:
            try:
                return engine.docker(*args, seconds=seconds)
            except CannotCheck:
                if time.monotonic() < self._end:
                    raise
        raise TimeIsUp(
            f"the Docker engine does not answer `docker {args[0]}` in time",
            remedy="restart the Docker engine, or end what keeps the computer"
            " busy, then try again",
        )


@dataclass(frozen=True)
class EngineFacts:
    """What is known of an engine.

    `info` is what `docker info` says, `address` where the engine is. `kernel`
    is empty without a container; `problem` then says what stopped it.
    """

    info: Mapping[str, Any] = field(default_factory=dict)
    address: str = ""
    kernel: Facts = field(default_factory=lambda: Facts({}))
    problem: CannotCheck | None = None

    @property
    def options(self) -> str:
        """The engine's security options, such as rootless."""
        return " ".join(map(str, self.info.get("SecurityOptions") or ()))


def ask_engine(docker: Docker) -> EngineFacts:
    """Return what the engine says, and what one container of it sees.

    The container is of an image of the kit, if there is one, and nothing of
    it is left.
    """
    info, address, image = {}, "", ""
    with suppress(CannotCheck), parsing("docker info", ""):
        found = json.loads(docker("info", "--format", "{{json .}}"))
        info = {
            key: value
            for key, value in found.items()
            if isinstance(value, _TYPES.get(key, object))
        }
    with suppress(CannotCheck):
        address = docker(
            *("context", "inspect", "--format"),
            "{{.Endpoints.docker.Host}}",
        )
    with suppress(CannotCheck):
        image = docker("image", "ls", "-q", APPLIANCE).partition("\n")[0]
    if not image:
        return EngineFacts(info, address)
    try:
        kernel = _look_inside(docker, image)
    except CannotCheck as error:
        return EngineFacts(info, address, problem=error)
    return EngineFacts(info, address, kernel)


def _look_inside(docker: Docker, image: str) -> Facts:
    """Return what a container sees that may do all that a node may."""
    name = f"metallb-lab-doctor-{secrets.token_hex(4)}"
    asked = time.time()
    try:
        output = docker(
            *("run", "--rm", "--pull", "never", "--name", name),
            *("--label", "metallb-lab.role=doctor", "--privileged"),
            *("--userns", "host", "--network", "host", "--entrypoint", "sh"),
            *(image, "-c", _SCRIPT.read_text(encoding="utf-8")),
        )
    except BaseException:
        _remove(name)
        raise
    half = (time.time() - asked) / 2
    facts = parse(output)
    with suppress(KeyError, ValueError, OverflowError):
        there = float(facts.values["time"])
        clock = ClockOffset(there - asked - half, half)
        return Facts(facts.values, clock=clock)
    return facts


def _remove(container: str) -> None:
    """Remove a container that may be there, if the engine answers at all."""
    with suppress(CannotCheck):
        engine.docker("rm", "--force", container, seconds=_CLEANUP_S)
