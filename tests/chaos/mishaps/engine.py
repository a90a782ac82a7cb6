"""The container engine is frozen, restarted or killed, or lacks an image.

Only an engine that the kit has started, and that runs nothing but the lab.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graders.lifecycle.image_tag import recipe
from tests.chaos.mishap import (
    BEFORE,
    DURING,
    ENGINE,
    LOOKING,
    RESET,
    USUAL,
    mishap,
)
from tests.chaos.world import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.world import World

PID_FILE: Final = Path("/run/metallb-lab/engine.pid")
_LOG: Final = Path("/var/log/metallb-lab-engine.log")
_END_S: Final = 60
_START_S: Final = 90


def engine_pid() -> int | None:
    """Return the process of the engine that the kit has started, if any."""
    try:
        pid = int(PID_FILE.read_text(encoding="ascii"))
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None
    return pid if name == "dockerd" else None


@mishap(
    "engine-frozen",
    needs=(ENGINE,),
    when=(BEFORE, DURING),
    keeps=True,
    cheap=True,
)
def engine_frozen(world: World) -> Iterator[None]:
    """The engine hangs for seconds."""
    pid = _engine()
    seconds = world.random.randint(3, 20)
    world.chose(f"{seconds} s")
    # It goes on even if this program is killed.
    goes_on = ["sh", "-c", f"sleep {seconds}; kill -CONT {pid}"]
    with subprocess.Popen(goes_on, start_new_session=True) as guard:
        try:
            os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            os.kill(pid, signal.SIGCONT)
            with suppress(ProcessLookupError):
                os.killpg(guard.pid, signal.SIGTERM)


@mishap(
    "engine-restarted",
    needs=(ENGINE,),
    when=(BEFORE, DURING),
    back=RESET,
)
def engine_restarted(world: World) -> Iterator[None]:
    """The engine is restarted, as by an update."""
    pid = _engine()
    argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
    os.kill(pid, signal.SIGTERM)
    if not eventually(lambda: not Path(f"/proc/{pid}").exists(), _END_S):
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not Path(f"/proc/{pid}").exists(), _END_S)
    # As the kit starts it: the child of nobody that ends.
    script = f'setsid nohup "$@" >> {_LOG} 2>&1 < /dev/null & echo $!'
    started = subprocess.run(
        ["sh", "-c", script, "sh", *argv], stdout=subprocess.PIPE, check=True
    )
    PID_FILE.write_bytes(started.stdout)
    # `docker info` prints the client's part even without a server.
    version = ("version", "--format", "{{.Server.Version}}")
    eventually(lambda: world.docker(*version, check=False), _START_S)
    yield


@mishap("engine-killed", needs=(ENGINE,), commands=USUAL, back=RESET)
def engine_killed(world: World) -> Iterator[None]:
    """The engine is killed, and nobody starts it."""
    world.chose("kill -9")
    os.kill(_engine(), signal.SIGKILL)
    yield


@mishap(
    "image-untagged",
    needs=(ENGINE,),
    commands=LOOKING,
    keeps=True,
    cheap=True,
)
def image_untagged(world: World) -> Iterator[None]:
    """An image of the lab has lost its name."""
    images = world.docker(
        *("image", "ls", "--format", "{{.Repository}}:{{.Tag}}"),
        *("--filter", "reference=metallb-lab/*"),
    ).split()
    ours = [image for image in images if image.endswith(recipe())]
    image = world.chose(world.random.choice(sorted(ours)))
    kept = f"metallb-lab-chaos:{recipe()}"
    world.docker("tag", image, kept)
    try:
        world.docker("rmi", "--no-prune", image)
        yield
    finally:
        world.docker("tag", kept, image)
        world.docker("rmi", "--no-prune", kept)


def _engine() -> int:
    pid = engine_pid()
    assert pid, "the kinds of the engine need the kit's own"
    return pid
