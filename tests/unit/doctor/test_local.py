"""The doctor: what would stop a lab on this machine."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from graders.doctor import local
from graders.doctor.engine_facts import TimeIsUp
from graders.doctor.findings import Finding, ThisHost
from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.providers.base import Location
from graders.providers.docker import EngineDown, EngineForbidden

if TYPE_CHECKING:
    from graders.providers.docker import Docker

VERSION = '{"Server": {"Version": "28.0"}}'
DEBIAN = 'PRETTY_NAME="x"\nID=debian\n'
UBUNTU_LIKE = 'ID=mint\nID_LIKE="ubuntu debian"\n'


@dataclass
class FakeHost(ThisHost):
    """The real machine, with another system on it."""

    release: str = ""
    programs: tuple[str, ...] = ()
    platform: str = "linux"
    root: bool = False

    def read(self, path: str) -> str:
        """Return the release as set."""
        return self.release if path == "/etc/os-release" else ""

    def which(self, program: str) -> bool:
        """Look among the programs."""
        return program in self.programs


GOOD, WARN, STOP, NONE = "good", "warn", "stop", "none"


def verdict(finding: Finding) -> str:
    """Return how the finding counts."""
    if finding.ok is None:
        return NONE
    if finding.ok:
        return GOOD
    return STOP if finding.fatal else WARN


def raising(error: CannotCheck) -> Docker:
    """Return a docker that always fails."""

    def docker(*args: str) -> str:
        del args
        raise error

    return docker


def test_engine_answers() -> None:
    """An engine that answers is good, and its version is shown."""
    found = local.engine(FakeHost(), lambda *_: VERSION)

    assert (verdict(found), found.observed) == (GOOD, "Docker 28.0")


def test_engine_is_podman() -> None:
    """Podman behind docker's name stops, and what to install is named."""
    podman = '{"Client": {"Version": "5.4.2", "OsArch": "linux/amd64"}}'
    found = local.engine(FakeHost(), lambda *_: podman)

    assert (verdict(found), found.observed) == (STOP, "podman")
    assert "install Docker Engine" in found.remedy


@pytest.mark.parametrize("text", ["28.0", "[]", "not json"])
def test_engine_of_unknown_version(text: str) -> None:
    """A version that cannot be read is no reason to stop."""
    found = local.engine(FakeHost(), lambda *_: text)

    assert (verdict(found), found.observed) == (GOOD, "Docker")


def test_engine_forbidden() -> None:
    """A socket that this user may not use stops, with the remedy."""
    docker = raising(EngineForbidden("not allowed", remedy="join docker"))
    found = local.engine(FakeHost(), docker)

    assert (verdict(found), found.remedy) == (STOP, "join docker")


@pytest.mark.parametrize(
    ("host", "want", "remedy"),
    [
        (FakeHost(DEBIAN, root=True), NONE, "`lab up` installs"),
        (FakeHost(UBUNTU_LIKE, ("sudo",)), NONE, "`lab up` installs"),
        (FakeHost(DEBIAN), STOP, "install and start Docker"),
        (FakeHost("ID=fedora\n", root=True), STOP, "install and start Docker"),
        (FakeHost(platform="darwin"), STOP, "install Docker Desktop"),
    ],
)
def test_engine_down(host: FakeHost, want: str, remedy: str) -> None:
    """No engine stops only where the kit cannot install one."""
    found = local.engine(host, raising(EngineDown("no engine")))

    assert verdict(found) == want
    assert found.remedy.startswith(remedy)


def test_subnets_first_choice() -> None:
    """The first choice of networks is good."""
    located, found = local.subnets(
        "demo", lambda _: Location(make_plan(), exists=False)
    )

    assert located is not None
    assert verdict(found) == GOOD


def test_subnets_move() -> None:
    """A plan that moves is a warning with who is in the way."""
    moved = Location(
        make_plan(slot=1),
        exists=False,
        moved_from=make_plan().lan,
        moved_because="docker network shop",
    )
    _, found = local.subnets("demo", lambda _: moved)

    assert verdict(found) == WARN
    assert found.observed.startswith(
        "172.18.0.0/16 is taken (docker network shop), the lab will use"
        " 172.19.0.0/16"
    )


def test_subnets_standing() -> None:
    """A lab that has moved is in its place."""
    standing = Location(
        make_plan(slot=1), exists=True, moved_from=make_plan().lan
    )
    _, found = local.subnets("demo", lambda _: standing)

    assert verdict(found) == GOOD


def test_subnets_blocked() -> None:
    """No free network stops."""

    def locate(student: str) -> Location:
        raise CannotCheck(f"{student} has no network", remedy="leave")

    _, found = local.subnets("demo", locate)

    assert (verdict(found), found.remedy) == (STOP, "leave")


def test_subnets_before_any_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an engine only the host's routes decide."""
    monkeypatch.setattr("graders.providers.kind_location.host_routes", list)

    def locate(student: str) -> Location:
        raise EngineDown(student)

    located, found = local.subnets("demo", locate)

    assert located == Location(make_plan(), exists=False)
    assert verdict(found) == GOOD


def engine_with(foreign: str) -> Docker:
    """Return an engine with images and a node of another cluster."""
    answers = {
        "version": VERSION,
        "image": "sha256:1",
        "info": json.dumps({"DockerRootDir": "/data"}),
        "context": "unix:///var/run/docker.sock",
        "run": "multipath=no\nmd5=yes\nend=yes",
        "network": "",
        "ps": foreign,
        "volume": "",
        "inspect": json.dumps([{"NetworkSettings": {"Networks": {}}}]),
    }
    return lambda *args: answers[args[0]]


@pytest.mark.parametrize(
    ("foreign", "want"), [("", GOOD), ("metallb-lab-worker", STOP)]
)
def test_cluster(foreign: str, want: str) -> None:
    """A foreign cluster of our name stops a lab and is named."""
    found = local.cluster(make_plan(), engine_with(foreign))

    assert verdict(found) == want
    assert (foreign or "none") in found.observed


@pytest.mark.parametrize(
    ("foreign", "want"), [("mine", GOOD), ("metallb-lab-client", STOP)]
)
def test_names(foreign: str, want: str) -> None:
    """A foreign container of a machine's name stops a lab and is named."""
    found = local.names(make_plan(), engine_with(foreign))

    assert verdict(found) == want
    assert (foreign in found.observed) == (want == STOP)
    assert (f"`docker container rm {foreign}`" in found.remedy) == (
        want == STOP
    )


def test_names_without_engine() -> None:
    """Without an engine there is nothing to say about names."""
    found = local.names(make_plan(), raising(EngineDown("no engine")))

    assert verdict(found) == NONE


def test_cluster_without_engine() -> None:
    """Without an engine there is nothing to say about clusters."""
    found = local.cluster(make_plan(), raising(EngineDown("no engine")))

    assert verdict(found) == NONE


def test_docker_root() -> None:
    """The folder of images comes from the engine, else the usual one."""
    assert local.docker_root(engine_with("")) == "/data"
    assert local.docker_root(raising(EngineDown("x"))) == "/var/lib/docker"


def test_images_here() -> None:
    """Images are here if the engine has one of the kit's nodes."""
    assert local.has_images(engine_with(""))
    assert not local.has_images(lambda *_: "")
    assert not local.has_images(raising(EngineDown("x")))


def test_whole_run() -> None:
    """A run looks at everything once and, with an engine, at the engine."""
    findings = local.run_doctor(
        make_plan(),
        FakeHost(),
        engine_with(""),
        lambda *_: Location(make_plan(), exists=False),
    )
    found = {finding.name: verdict(finding) for finding in findings}

    assert len(found) == len(findings)
    assert [found[name] for name in ("engine", "subnets", "cluster")] == [
        GOOD,
        GOOD,
        GOOD,
    ]
    assert [found[name] for name in ("multipath", "md5")] == [STOP, GOOD]


def test_frozen_engine_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that does not answer is not asked for anything more."""
    monkeypatch.setattr("graders.providers.kind_location.host_routes", list)
    calls = []

    def docker(*args: str) -> str:
        calls.append(args)
        raise TimeIsUp("no answer in time", remedy="restart it")

    findings = local.run_doctor(make_plan(), FakeHost(), docker)
    found = {finding.name: verdict(finding) for finding in findings}

    assert len(calls) == 1
    assert (found["engine"], found["subnets"]) == (STOP, GOOD)


def test_render() -> None:
    """The table marks each finding and shows what to do about bad ones."""
    findings = [
        Finding(
            "good", ok=True, observed="a", requirement="r", remedy="unseen"
        ),
        Finding(
            "odd", ok=False, observed="b", requirement="r", remedy="do this"
        ),
        Finding("bad", ok=False, observed="c", requirement="r", fatal=True),
        Finding("dark", ok=None, observed="[d]", requirement="r"),
    ]
    console = Console(width=60, record=True, file=io.StringIO())
    console.print(local.render(findings))
    lines = [
        " ".join(line.split()) for line in console.export_text().split("\n")
    ]

    assert lines[1:6] == [
        "ok good a r",
        "warn odd b r",
        "do this",
        "STOP bad c r",
        "-- dark [d] r",
    ]
