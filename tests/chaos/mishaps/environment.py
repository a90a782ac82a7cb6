"""The environment of a command is odd, and stays so until the verdict."""

from __future__ import annotations

import json
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graders.settings import cache_dir
from tests.chaos.mishap import (
    BEFORE,
    DOWN,
    DURING,
    LOOKING,
    PLAYBOOKS,
    RESET,
    ROOT,
    STATUS,
    Wrong,
    mishap,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.world import World

# Nobody listens there.
_NOWHERE: Final = "http://127.0.0.1:9"
_PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy")
_LOCALES: Final = ("C", "POSIX", "tr_TR.UTF-8", "xx_YY.latin1", "")
_MISLEADING: Final = {
    "KIND_EXPERIMENTAL_PROVIDER": "podman",
    "KIND_CLUSTER_NAME": "another",
    "KIND_EXPERIMENTAL_DOCKER_NETWORK": "another",
    "DOCKER_DEFAULT_PLATFORM": "linux/s390x",
    "KUBECONFIG": "/nonexistent/kubeconfig",
    "HELM_NAMESPACE": "another",
    "ANSIBLE_STDOUT_CALLBACK": "json",
    "ANSIBLE_GATHERING": "smart",
    "PYTEST_ADDOPTS": "--collect-only",
    "COLUMNS": "10",
    "CDPATH": "/usr:/var",
    "HELM_KUBECONTEXT": "another",
    "HELM_DRIVER": "memory",
    "NO_COLOR": "1",
}


@mishap("proxies", keeps=True, lasts=True, cheap=True)
def proxies(world: World) -> Iterator[None]:
    """Proxies are set in the environment, and do not answer."""
    for name in _PROXIES:
        world.environment |= {name: _NOWHERE, name.upper(): _NOWHERE}
    yield


@mishap("proxies-of-docker", commands=(RESET,), lasts=True, cheap=True)
def proxies_of_docker(world: World) -> Iterator[None]:
    """Docker's client sets proxies, and a client machine is created again."""
    kinds = ("httpProxy", "httpsProxy", "allProxy", "noProxy")
    with tempfile.TemporaryDirectory(prefix="metallb-lab-chaos-") as folder:
        config = {"proxies": {"default": dict.fromkeys(kinds, _NOWHERE)}}
        file = Path(folder) / "config.json"
        file.write_text(json.dumps(config), encoding="utf-8")
        world.environment["DOCKER_CONFIG"] = folder
        clients = [world.name(role) for role in ("client", "lan-client")]
        world.docker("rm", "--force", *clients)
        yield
        if _NOWHERE in world.docker("inspect", *clients):
            raise Wrong("the clients go through a proxy")


@mishap("odd-umask", commands=PLAYBOOKS, lasts=True, cheap=True)
def odd_umask(world: World) -> Iterator[None]:
    """New files are nobody's else, or everybody's."""
    world.umask = world.random.choice([0o077, 0o027, 0o000])
    world.chose(f"{world.umask:04o}")
    yield
    if world.kubeconfig.stat().st_mode & 0o077:
        raise Wrong("others can read the kubeconfig")


@mishap("odd-locale", keeps=True, lasts=True, cheap=True)
def odd_locale(world: World) -> Iterator[None]:
    """The locale is Turkish, unknown or none."""
    name = world.chose(world.random.choice(_LOCALES))
    world.environment |= {"LC_ALL": name, "LANG": name, "LANGUAGE": "tr"}
    if world.random.random() < 0.5:
        world.environment |= {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    yield


@mishap("misleading-variables", keeps=True, lasts=True, cheap=True)
def misleading_variables(world: World) -> Iterator[None]:
    """Variables of docker, kind, Ansible, pytest and Helm mislead."""
    names = world.random.sample(sorted(_MISLEADING), 5)
    world.environment |= {name: _MISLEADING[name] for name in names}
    world.chose(" ".join(names))
    yield


@mishap("no-home", keeps=True, lasts=True, cheap=True)
def no_home(world: World) -> Iterator[None]:
    """The home folder does not exist; images and tools are elsewhere."""
    world.environment |= {
        "HOME": "/proc/nonexistent",
        "XDG_CONFIG_HOME": None,
        "METALLB_LAB_CACHE": str(cache_dir()),
    }
    yield


@mishap("no-terminal", keeps=True, lasts=True, cheap=True)
def no_terminal(world: World) -> Iterator[None]:
    """A cron job: hardly any environment."""
    for name in ("TERM", "LANG", "LC_ALL", "USER", "LOGNAME", "SHELL"):
        world.environment[name] = None
    yield


@mishap(
    "no-engine",
    commands=(*LOOKING, DOWN, RESET),
    refuses=(*LOOKING, DOWN, RESET),
    keeps=True,
    cheap=True,
    says=r"[Ee]ngine",
)
def no_engine(world: World) -> Iterator[None]:
    """No engine answers at DOCKER_HOST."""
    world.environment["DOCKER_HOST"] = "unix:///nonexistent/docker.sock"
    yield
    del world.environment["DOCKER_HOST"]


@mishap(
    "docker-missing", commands=LOOKING, refuses=LOOKING, keeps=True, cheap=True
)
def docker_missing(world: World) -> Iterator[None]:
    """There is no docker on PATH."""
    with tempfile.TemporaryDirectory(prefix="metallb-lab-chaos-") as folder:
        for place in ("/bin", "/usr/bin", "/usr/sbin", "/sbin"):
            for program in Path(place).glob("*"):
                link = Path(folder) / program.name
                if not program.name.startswith("docker") and not (
                    link.is_symlink()
                ):
                    link.symlink_to(program)
        world.environment["PATH"] = folder
        yield
        del world.environment["PATH"]


@mishap(
    "host-network",
    when=(BEFORE, DURING),
    needs=(ROOT,),
    keeps=True,
    cheap=True,
)
def host_network(world: World) -> Iterator[None]:
    """The computer joins another network while a command runs, and leaves."""
    # An address for documentation (RFC 5737) on a link that leads nowhere.
    # The metric is so high that the computer's own traffic keeps its way.
    link = world.chose("chaos-link")
    _ip("link", "add", link, "type", "veth", "peer", "chaos-end")
    try:
        _ip("address", "add", "198.51.100.7/24", "dev", link)
        _ip("link", "set", link, "up")
        _ip("link", "set", "chaos-end", "up")
        _ip("route", "add", "default", "dev", link, "metric", "4096")
        yield
    finally:
        with suppress(subprocess.CalledProcessError):
            _ip("link", "delete", link)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@mishap("other-student", commands=(STATUS,), keeps=True, cheap=True)
def other_student(world: World) -> Iterator[None]:
    """STUDENT has a name that is not allowed, or that has no lab."""
    names = ("", "../x", "$(id)", "x" * 40, "nobody-here")
    chosen = world.chose(world.random.choice(names))
    ended = world.run(STATUS, STUDENT=chosen)
    if "Traceback" in ended.text or ended.code not in {0, 2}:
        raise Wrong(f"`status` of student {chosen!r} ended with {ended.code}")
    yield
