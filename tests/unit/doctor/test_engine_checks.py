"""The doctor's checks of the engine, on what engines have answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from graders.doctor import engine_checks
from graders.doctor.engine_checks import (
    ENGINE_CHECKS,
    EngineMachine,
    in_settings,
    is_podman,
    machine_of,
)
from graders.doctor.engine_facts import EngineFacts, TimeIsUp
from graders.doctor.facts import ClockOffset, Facts, parse
from graders.doctor.findings import Finding, ThisHost
from graders.doctor.local_checks import disk, memory
from graders.errors import CannotCheck
from graders.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

GIB = 1024**3
KERNEL = "6.12.48+deb13-amd64"
# Recorded with Docker 28.5 on Debian 13, shortened.
LINUX: dict[str, Any] = {
    "DockerRootDir": "/var/lib/docker",
    "KernelVersion": KERNEL,
    "MemTotal": 16 * GIB,
    "NCPU": 8,
    "OperatingSystem": "Debian GNU/Linux 13 (trixie)",
    "SecurityOptions": [
        "name=apparmor",
        "name=seccomp,profile=builtin",
        "name=cgroupns",
    ],
}
# Docker Desktop 4.47 on macOS.
DESKTOP: dict[str, Any] = {
    "DockerRootDir": "/var/lib/docker",
    "HTTPProxy": "http.docker.internal:3128",
    "HTTPSProxy": "http.docker.internal:3128",
    "KernelVersion": "6.10.14-linuxkit",
    "MemTotal": 2084679680,
    "NCPU": 4,
    "OperatingSystem": "Docker Desktop",
    "SecurityOptions": ["name=seccomp,profile=unconfined", "name=cgroupns"],
}
PROBE = """\
time=1795996762.773637052
cores=8
memory_kib=16384000
available_kib=9000000
disk_kib=33947048
max_user_instances=512
max_user_watches=524288
proxies=
bridge_filter=1
docker_rules=4
forward_drops=1
multipath=yes
md5=yes
end=yes
"""


@dataclass(frozen=True)
class Laptop(ThisHost):
    """A computer of which everything can be set."""

    files: Mapping[str, str] = field(
        default_factory=lambda: {"/proc/sys/kernel/osrelease": f"{KERNEL}\n"}
    )
    variables: Mapping[str, str] = field(default_factory=dict)
    firewalld: bool = False
    system: str = "linux"

    @property
    def platform(self) -> str:
        """Return the system as set."""
        return self.system

    def read(self, path: str) -> str:
        """Return the file as set."""
        return self.files.get(path, "")

    def run(self, *argv: str) -> str | None:
        """Answer for firewalld."""
        active = argv[-1] == "firewalld" and self.firewalld
        return "active" if active else None

    def env(self, name: str) -> str:
        """Look among the variables."""
        return self.variables.get(name, "")


DEBIAN = Laptop()
MAC = Laptop(files={}, system="darwin")


def facts(
    info: Mapping[str, Any] | None = None,
    clock: ClockOffset | None = None,
    changes: Mapping[str, str] | None = None,
) -> EngineFacts:
    """Return those of an engine, with changes to what its container saw."""
    values = {**parse(PROBE).values, **(changes or {})}
    address = "unix:///var/run/docker.sock"
    return EngineFacts(info or LINUX, address, Facts(values, clock=clock))


def findings(
    engine: EngineFacts, host: Laptop = DEBIAN
) -> dict[str, tuple[str, Finding]]:
    """Return how each finding counts, and itself."""
    found = [check(engine, host) for check in ENGINE_CHECKS]
    return {one.name: (_mark(one), one) for one in found if one}


def _mark(finding: Finding) -> str:
    if finding.ok is None:
        return "none"
    if finding.ok:
        return "good"
    return "stop" if finding.fatal else "warn"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_checks, "own_proxies", list)


@pytest.mark.parametrize(
    ("engine", "host"), [(facts(), DEBIAN), (facts(DESKTOP), MAC)]
)
def test_good_engines(engine: EngineFacts, host: Laptop) -> None:
    """An ordinary engine has nothing to complain about."""
    assert {mark for mark, _ in findings(engine, host).values()} == {"good"}


def test_documented() -> None:
    """Each finding has a row in the docs."""
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    names = {*findings(facts(DESKTOP, ClockOffset(0, 0)), MAC)}
    names |= {*findings(facts()), "container", "engine", "WSL"}

    assert [
        name for name in sorted(names) if f"\n| {name} |" not in text
    ] == []


def test_nothing_known() -> None:
    """Without an engine there is no finding that could be wrong."""
    found = findings(EngineFacts())

    assert {mark for mark, _ in found.values()} == {"good"}
    assert set(found) == {"firewall", "proxies"}


@pytest.mark.parametrize(
    ("changes", "name", "mark", "observed"),
    [
        (
            {"multipath": "Error: Multipath support not enabled in kernel."},
            "multipath",
            "stop",
            "Multipath support not enabled",
        ),
        (
            {"md5": "Protocol not available"},
            "md5",
            "warn",
            "Protocol not available",
        ),
        (
            {"docker_rules": "0"},
            "packet filter",
            "stop",
            "none of docker's own, and FORWARD drops also what bridges carry",
        ),
        (
            {"docker_rules": "0", "bridge_filter": ""},
            "packet filter",
            "warn",
            "none of docker's own, and FORWARD drops",
        ),
        (
            {"docker_rules": "0", "forward_drops": "0"},
            "packet filter",
            "warn",
            "none of docker's own",
        ),
    ],
)
def test_kernel(
    changes: dict[str, str], name: str, mark: str, observed: str
) -> None:
    """What the container saw counts, and has a remedy."""
    found, finding = findings(facts(changes=changes))[name]

    assert found == mark
    assert observed in finding.observed
    assert finding.remedy


def test_rules_in_nftables() -> None:
    """Docker's newer rules are none of iptables'."""
    info = {**LINUX, "FirewallBackend": {"Driver": "nftables"}}

    assert (
        findings(facts(info, changes={"docker_rules": "0"}))["packet filter"][
            0
        ]
        == "good"
    )


@pytest.mark.parametrize(
    ("address", "mark"),
    [
        ("unix:///run/user/1000/docker.sock", "good"),
        ("npipe:////./pipe/docker_engine", "good"),
        ("tcp://127.0.0.1:2375", "good"),
        ("tcp://[::1]:2375", "good"),
        ("tcp://docker:2376", "stop"),
        ("ssh://ada@server", "stop"),
        ("ssh://localhost", "stop"),
    ],
)
def test_place(address: str, mark: str) -> None:
    """Ports of an engine on another computer cannot be reached here."""
    by_context = findings(EngineFacts(LINUX, address))
    by_variable = findings(facts(), Laptop(variables={"DOCKER_HOST": address}))

    assert by_context["engine's place"][0] == mark
    assert by_variable["engine's place"][0] == mark


@pytest.mark.parametrize(
    ("option", "observed"),
    [("name=rootless", "rootless"), ("name=userns", "userns-remap")],
)
def test_rights(option: str, observed: str) -> None:
    """An engine without root's rights is a warning."""
    engine = facts({**LINUX, "SecurityOptions": ["name=seccomp", option]})
    mark, finding = findings(engine)["engine's rights"]

    assert (mark, finding.observed) == ("warn", observed)


@pytest.mark.parametrize(
    ("problem", "mark"),
    [
        (CannotCheck("privileged containers are forbidden"), "stop"),
        (TimeIsUp("no answer in time", remedy="restart it"), "none"),
    ],
)
def test_container(problem: CannotCheck, mark: str) -> None:
    """An engine that runs no privileged container has no nodes."""
    found, finding = findings(EngineFacts(LINUX, problem=problem))["container"]

    assert found == mark
    assert finding.observed == problem.problems[0]
    assert finding.remedy


@pytest.mark.parametrize(
    ("host", "observed"),
    [
        (Laptop(firewalld=True), "firewalld active"),
        (
            Laptop(files={"/etc/ufw/ufw.conf": "# on\nENABLED=yes\n"}),
            "ufw active",
        ),
    ],
)
def test_firewall(host: Laptop, observed: str) -> None:
    """A firewall may be right; what helps if it is not is shown."""
    mark, finding = findings(facts(), host)["firewall"]

    assert (mark, finding.observed) == ("none", observed)
    assert "systemctl restart docker" in finding.remedy


@pytest.mark.parametrize(
    ("seconds", "mark"),
    [(0.5, "good"), (-1.9, "good"), (60, "warn"), (-3600, "stop")],
)
def test_clock(seconds: float, mark: str) -> None:
    """The clock of a virtual machine stops while a laptop sleeps."""
    engine = facts(DESKTOP, ClockOffset(seconds, 0.4))

    assert findings(engine, MAC)["engine's clock"][0] == mark
    same = facts(LINUX, ClockOffset(seconds, 0.4))
    assert "engine's clock" not in findings(same)


def test_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine without a proxy cannot pull images where one is needed."""
    monkeypatch.setattr(engine_checks, "own_proxies", lambda: ["https_proxy"])
    inside = {"proxies": "http_proxy NO_PROXY"}
    pulls = findings(EngineFacts(LINUX))["proxies"]
    has_images = findings(facts(changes=inside))["proxies"]
    has_one = findings(EngineFacts(DESKTOP), MAC)["proxies"]

    assert (pulls[0], pulls[1].observed) == ("warn", "https_proxy here")
    assert has_images[0] == has_one[0] == "good"
    assert has_images[1].observed == (
        "https_proxy here; http_proxy NO_PROXY in docker's containers"
    )


@pytest.mark.parametrize(
    ("version", "podman"),
    [
        ({"Client": {"Version": "5.4.2", "OsArch": "linux/amd64"}}, True),
        (
            {
                "Client": {"Version": "28.5.1", "ApiVersion": "1.41"},
                "Server": {"Components": [{"Name": "Podman Engine"}]},
            },
            True,
        ),
        (
            {
                "Client": {"Version": "28.5.1"},
                "Server": {"Components": [{"Name": "Engine"}]},
            },
            False,
        ),
        ({"Client": None, "Server": None}, False),
    ],
)
def test_podman(version: dict[str, Any], *, podman: bool) -> None:
    """Podman is found behind docker's name and behind docker's socket."""
    assert is_podman(version) is podman


def test_memory_of_a_virtual_machine() -> None:
    """Docker Desktop's memory counts, and where to give it more is shown."""
    engine = EngineFacts(DESKTOP)
    machine = machine_of(engine, MAC)
    finding = in_settings(memory(machine, exists=False), engine, MAC)

    assert isinstance(machine, EngineMachine)
    assert (finding.ok, finding.fatal) == (False, True)
    assert finding.observed == "1.9 GiB free of 1.9 GiB"
    assert "Docker Desktop (Settings, Resources" in finding.remedy
    assert machine.cores() == DESKTOP["NCPU"]
    assert machine.platform == "linux"


def test_container_sees_more() -> None:
    """A container sees free memory, disk and limits of the machine."""
    info = {**LINUX, "KernelVersion": "6.6.0-colima"}
    machine = machine_of(facts(info), DEBIAN)
    remedy = in_settings(
        disk(machine, "/var/lib/docker", build=False), facts(info), DEBIAN
    ).remedy

    assert memory(machine, exists=False).observed == "8.6 GiB free of 15.6 GiB"
    assert machine.disk_free("/") == 33947048 * 1024
    assert machine.read("/proc/sys/fs/inotify/max_user_instances") == "512"
    assert remedy.endswith("the virtual machine that the engine runs in")


def test_disk_of_a_virtual_machine() -> None:
    """Before there are images, nothing can tell."""
    finding = disk(EngineMachine(EngineFacts(DESKTOP)), "/x", build=True)

    assert finding.ok is None
    assert "once the kit's images are there" in finding.observed
    assert EngineMachine(EngineFacts()).read("/proc/meminfo") == ""


def test_engine_of_this_computer() -> None:
    """Without a virtual machine this computer itself is looked at."""
    finding = Finding("memory", False, "x", "y", "end programs")  # noqa: FBT003 - its field

    assert machine_of(facts(), DEBIAN) is DEBIAN
    assert in_settings(finding, facts(), DEBIAN) is finding
