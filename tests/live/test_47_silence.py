"""A host falls silent and comes back by itself: silence.sh, on a real kernel.

A container of the node image stands for the host: it has systemd, an eth0
and a neighbour.
"""

from __future__ import annotations

import json
import socket
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from graders.providers.hosts import isolation_script
from graders.providers.kind_location import locate

from .conftest import STUDENT, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NET: Final = "metallb-lab-silence-test"
HOST, PEER = f"{NET}-host", f"{NET}-peer"
SSH, HTTP = 22, 80
UNIT: Final = "metallb-lab-silence"


@dataclass(frozen=True)
class Place:
    """The host, as its neighbours and the kit's own SSH find it."""

    docker: Callable[..., str]
    address: str
    here: str

    def falls_silent(
        self, seconds: int, come_by: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Type the script there, as if by SSH from this computer."""
        came = f"{self.here} 50000 {self.address} {SSH}"
        script = isolation_script()
        environment = f"SSH_CONNECTION={came if come_by is None else come_by}"
        return subprocess.run(
            [
                *("docker", "exec", "-i", "-e", environment, HOST),
                *("sh", "-s", str(seconds)),
            ],
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )

    def is_silent(self) -> bool:
        """Tell whether nobody on the LAN hears it, nor it them."""
        asked = subprocess.run(
            [
                *("docker", "exec", PEER, "arping", "-b", "-c1", "-w1"),
                *("-I", "eth0", self.address),
            ],
            capture_output=True,
            check=False,
        )
        return asked.returncode != 0

    def answers(self, port: int) -> bool:
        """Tell whether it echoes what this computer says."""
        try:
            with socket.create_connection((self.address, port), 1) as end:
                end.sendall(b"hello\n")
                return end.recv(9) == b"hello\n"
        except TimeoutError:
            return False

    def listens(self, port: int) -> bool:
        """Tell whether it echoes there yet; before, the port is refused."""
        try:
            return self.answers(port)
        except ConnectionRefusedError:
            return False

    def runs(self, *argv: str) -> str:
        """Run a command on it."""
        return self.docker("exec", HOST, *argv)


@pytest.fixture(scope="module")
def images(fresh: str) -> dict[str, str]:
    """Return the images of a node and of a machine."""
    del fresh
    plan = locate(STUDENT).plan
    names = [plan.machine_name("worker"), plan.machine_name("client")]
    asked = subprocess.run(
        ["docker", "inspect", *names],
        capture_output=True,
        text=True,
        check=True,
    )
    node, machine = json.loads(asked.stdout)
    return {HOST: node["Config"]["Image"], PEER: machine["Config"]["Image"]}


@pytest.fixture
def place(
    docker: Callable[..., str], images: dict[str, str]
) -> Iterator[Place]:
    """Boot one, with a neighbour; both go with the test."""
    docker("network", "create", NET)
    try:
        on_it = ("--detach", "--network", NET)
        docker(
            *("run", *on_it, "--name", HOST, "--privileged"),
            *("--tmpfs", "/run", "--tmpfs", "/tmp"),  # noqa: S108 - its own
            *("--entrypoint", "/sbin/init", images[HOST]),
        )
        docker(
            *("run", *on_it, "--name", PEER, "--cap-add", "NET_RAW"),
            *("--entrypoint", "sleep", images[PEER], "600"),
        )
        (host,) = json.loads(docker("inspect", HOST))
        end = host["NetworkSettings"]["Networks"][NET]
        found = Place(docker, end["IPAddress"], end["Gateway"])
        eventually(lambda: "running" in _state(HOST))
        for port in (SSH, HTTP):
            echo = ("systemd-socket-activate", "-l", str(port), "--inetd")
            docker("exec", "--detach", HOST, *echo, "-a", "cat")
        eventually(lambda: found.listens(SSH) and found.listens(HTTP))
        yield found
    finally:
        docker("rm", "--force", "--volumes", HOST, PEER)
        docker("network", "rm", NET)


def _state(name: str) -> str:
    asked = subprocess.run(
        ["docker", "exec", name, "systemctl", "is-system-running"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout


def test_silence(place: Place) -> None:
    """Nobody hears the host but the kit's SSH, until it is ended."""
    assert not place.is_silent()

    done = place.falls_silent(60)

    assert done.returncode == 0, done.stderr
    assert place.is_silent()
    assert not place.answers(HTTP)
    assert place.answers(SSH)
    place.runs("systemctl", "stop", UNIT)
    assert not place.is_silent()
    assert place.answers(HTTP)
    assert place.runs("ls", "/run", "-1").count(UNIT) == 0


def test_it_ends_by_itself(place: Place) -> None:
    """Without anybody who ends it, and when what waits is killed."""
    place.falls_silent(60)
    # Once more begins anew.
    place.falls_silent(2)
    assert place.is_silent()
    # By then the first silence would still last.
    eventually(lambda: not place.is_silent(), 30)

    place.falls_silent(60)
    assert place.is_silent()
    place.runs("systemctl", "kill", "--signal=KILL", UNIT)
    eventually(lambda: not place.is_silent(), 30)


def test_no_way_back(place: Place) -> None:
    """Who did not come by SSH would be shut out, and is refused."""
    done = place.falls_silent(60, come_by="")

    assert done.returncode == 1
    assert done.stderr == "no SSH connection to keep\n"
    assert not place.is_silent()
