"""What docker, ssh and hosts print never ends a command with a traceback."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.doctor.facts import parse
from graders.doctor.local import (
    can_install_engine,
    cluster,
    docker_root,
    has_images,
    run_doctor,
)
from graders.doctor.local_checks import (
    capability,
    cgroup,
    go,
    inotify,
    memory,
)
from graders.doctor.remote import _clock
from graders.doctor.rules import check_host, check_unique
from graders.plan.plan import make_plan
from graders.providers import capture
from graders.providers import docker_networks as networks
from graders.providers.docker import DockerExec, error_from
from graders.providers.docker_networks import docker_networks, parse_proc_route
from graders.providers.hosts import _query, belongs_to, describe
from graders.providers.inventory import read_hosts
from graders.providers.kind import KindProvider
from graders.providers.scripts import reports
from graders.providers.ssh import SshTarget, SshTransport
from graders.providers.vm_files import read_key
from graders.yamlfile import read_yaml
from tests.fakes import says
from tests.fuzzing import FUZZ, damaged, damaged_json, read

if TYPE_CHECKING:
    from collections.abc import Callable

PLAN = make_plan()
EXAMPLE = Path(__file__).parents[3] / "ansible/inventory/hosts.example.yml"
HOST = SshTarget("192.0.2.1", "lab", Path("key"), Path("known_hosts"))
NETWORK = {
    "Name": "kind",
    "Id": "0" * 64,
    "IPAM": {"Config": [{"Subnet": "172.18.0.0/16"}]},
    "Options": {"com.docker.network.bridge.name": "br-kind"},
    "Labels": {"metallb-lab.student": "demo", "metallb-lab.slot": "0"},
}
CONTAINER = {
    "Name": "/metallb-lab-worker",
    "State": {"Status": "paused"},
    "NetworkSettings": {
        "Networks": {"kind": {"IPAddress": "", "MacAddress": "02:00"}}
    },
}
LISTED = "metallb-lab-worker metallb-lab\nother \n"
INFO = {
    "DockerRootDir": "/x",
    "MemTotal": 8 << 30,
    "NCPU": 2,
    "KernelVersion": "6.1",
    "OperatingSystem": "Docker Desktop",
    "SecurityOptions": ["name=rootless"],
    "FirewallBackend": {"Driver": "nftables"},
    "Server": {"Version": "29.1"},
    "HttpProxy": "http://x",
}
ERRORS = (
    "Error response from daemon: No such container: x\n",
    "permission denied while trying to connect to /var/run/docker.sock",
    "Cannot connect to the Docker daemon at unix:///x. Is it running?",
)
SSH = (
    "ssh: connect to host 192.0.2.1 port 22: No route to host\r\n",
    "lab@192.0.2.1: Permission denied (publickey).\r\n",
    "sudo: a password is required\n",
    "lab is not in the sudoers file.\n",
    "lab-on: machine router does not run\n",
    "env: \u2018sudo\u2019: No such file or directory",
    "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @",
)
FACTS = """\
uid=0
os=debian 12
arch=x86_64
hostname=lab
machine_id=1
cores=4
memory_kib=9000000
disk_kib=90000000
swap=
addresses=eth0=172.18.0.5/16 lo=127.0.0.1/8
init=systemd
kubernetes=
mark=
containers=
firewall=INPUT
ports=known
listens=tcp 179 bgpd
end=yes
"""
STATUS = (
    "mark=metallb-lab\nmac=02:00:00:00:00:01\naddress=eth0 172.18.0.5/16\n"
)
PROC = "Iface\tDestination\neth0\t0000A8C0\t0\t1\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"


def _docker(text: str) -> Callable[..., str]:
    """Return a docker that lists what is usual, and says this of it."""

    def docker(*args: str) -> str:
        if args[:2] == ("network", "ls"):
            return "1"
        if args[0] == "ps":
            return LISTED
        return text

    return docker


READERS: dict[str, Callable[[Callable[..., str]], object]] = {
    "networks": docker_networks,
    "status": lambda docker: KindProvider(docker).status("demo"),
    "machines": lambda docker: KindProvider(docker).machines(PLAN),
    "macs": lambda docker: KindProvider(docker).node_macs(PLAN),
    "paused": lambda docker: KindProvider(docker).resume(
        PLAN, "metallb-lab-worker"
    ),
    "removal": lambda docker: KindProvider(docker).removal("demo"),
    "cluster": lambda docker: cluster(PLAN, docker),
    "root": docker_root,
    "images": has_images,
    "doctor": lambda docker: run_doctor(PLAN, docker=docker),
}


class _Host:
    """A computer whose files and programs all say the same."""

    platform, root = "linux", True

    def __init__(self, text: str) -> None:
        self._text = text

    def read(self, _: str) -> str:
        return self._text

    def run(self, *_: str) -> str:
        return self._text

    def which(self, _: str) -> bool:
        return True

    def env(self, _: str) -> str:
        return ""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - not asked for
        raise AssertionError(name)


@pytest.fixture(autouse=True)
def _routes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no answer depend on the networks of this computer."""
    monkeypatch.setattr(networks, "host_routes", list)


@pytest.mark.parametrize("name", READERS)
@given(text=damaged_json([NETWORK], [CONTAINER], INFO))
@FUZZ
def test_docker(name: str, text: str) -> None:
    """What docker says is read, or told in words."""
    read(lambda: READERS[name](_docker(text)))


@given(damaged(LISTED))
@FUZZ
def test_lists_of_docker(text: str) -> None:
    """So is a list of containers, and of networks."""
    read(lambda: KindProvider(lambda *_: text).machines(PLAN))
    read(lambda: docker_networks(lambda *_: text))


@given(damaged(*ERRORS, *SSH), st.sampled_from([1, 125, 126, 127, 255]))
@FUZZ
def test_errors(text: str, code: int) -> None:
    """Messages of docker, ssh and sudo are words, whatever they are."""
    done = subprocess.CompletedProcess([], code, "", text)

    assert read(lambda: error_from(("ps",), text))
    read(lambda: DockerExec("x").error(done))
    read(lambda: SshTransport(HOST, sudo=True, reuse=False).error(done))


@given(damaged(PROC))
@FUZZ
def test_routes(text: str) -> None:
    """A line of /proc/net/route that is no route is left out."""
    assert isinstance(parse_proc_route(text), list)


@given(damaged_json([{"dst": "10.0.0.0/8", "dev": "tun0"}]))
@FUZZ
def test_ip_route(text: str) -> None:
    """Where `ip -j` says something else, /proc is read."""
    with pytest.MonkeyPatch.context() as patch:
        done = subprocess.CompletedProcess([], 0, text, "")
        patch.setattr(capture, "run", lambda *_, **__: done)
        assert isinstance(networks.host_routes(), list)


@given(damaged(STATUS))
@FUZZ
def test_hosts(text: str) -> None:
    """What a host reports of itself is shown as it is."""
    status = _query(says(text, "worker"))

    assert describe(PLAN, "worker", status).isprintable()
    assert isinstance(belongs_to(PLAN, "worker", status), bool)


@given(damaged(FACTS))
@FUZZ
def test_facts(text: str) -> None:
    """A host with odd facts has findings, which can be shown."""
    facts = parse(text, _clock(says(text)))

    findings = check_host("worker", facts, PLAN, "x86_64")

    assert facts.summary.isprintable()
    assert all(one.observed.isprintable() for one in findings)
    check_unique({"worker": facts, "router": facts})


@given(
    damaged(
        "MemTotal: 9 kB\nMemAvailable: 8 kB\n",
        "CapBnd:\t00ff\n",
        "go version go1.25.1 linux/amd64",
        "ID=debian\nID_LIKE='x'",
        "8192",
    )
)
@FUZZ
def test_this_computer(text: str) -> None:
    """Files of the kernel and programs on PATH may say anything."""
    host: Any = _Host(text)
    for look in (capability, cgroup, inotify, can_install_engine):
        look(host)
    memory(host, exists=True)
    go(host, build=True)


@given(damaged('{"changed": "routes"}\n{"changed": null}\n[1]\n'))
@FUZZ
def test_reports(text: str) -> None:
    """Each line of a script that begins as an object is one."""
    assert all(isinstance(one, dict) for one in reports(text))


def _file(folder: Path, text: str) -> Path:
    file = folder / "file"
    file.write_text(text, encoding="utf-8", errors="surrogateescape")
    return file


@given(text=damaged(EXAMPLE.read_text(encoding="utf-8"), "a: &a [1]\nb: *a\n"))
@FUZZ
def test_inventory(tmp_path: Path, text: str) -> None:
    """An inventory is right, or all that is wrong is told."""
    file = _file(tmp_path, text)

    read(lambda: read_hosts(file))
    read(lambda: read_yaml(file, "hosts.yml"))


@given(damaged("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI lab@here\n"))
@FUZZ
def test_public_key(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """A key is right, or the file is named."""
    read(lambda: read_key(_file(tmp_path_factory.getbasetemp(), text)))


def test_examples_are_right(tmp_path: Path) -> None:
    """What is damaged above is read without a complaint as it is."""
    assert [
        one.name for one in docker_networks(_docker(json.dumps([NETWORK])))
    ]
    assert parse_proc_route(PROC)
    assert not parse(FACTS).values.get("listens")
    assert describe(PLAN, "worker", _query(says(STATUS, "worker")))
    assert _file(tmp_path, "x")
