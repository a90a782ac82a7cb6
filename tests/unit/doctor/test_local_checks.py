"""The doctor's probes of the machine itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from graders.doctor import local_checks
from graders.doctor.findings import Finding, Host, ThisHost

if TYPE_CHECKING:
    from pathlib import Path


GIB = 1024**3
MEMINFO = "MemTotal: {total} kB\nMemFree: 1 kB\nMemAvailable: {free} kB\n"
DEBIAN = 'PRETTY_NAME="x"\nID=debian\n'
UBUNTU_LIKE = 'ID=mint\nID_LIKE="ubuntu debian"\n'


@dataclass
class FakeHost:
    """A host of which everything can be set."""

    files: dict[str, str] = field(default_factory=dict)
    programs: tuple[str, ...] = ("git", "make", "sudo")
    variables: dict[str, str] = field(default_factory=dict)
    free: int = 100 * GIB
    found_cores: int = 4
    time: datetime = datetime(2026, 11, 23, tzinfo=UTC)
    made: datetime | None = None
    go: str | None = "go version go1.26.8 linux/amd64"
    platform: str = "linux"
    root: bool = False

    def read(self, path: str) -> str:
        """Return the file as set."""
        return self.files.get(path, "")

    def run(self, *argv: str) -> str | None:
        """Answer for Go alone."""
        return self.go if argv == ("go", "version") else None

    def which(self, program: str) -> bool:
        """Look among the programs."""
        return program in self.programs

    def env(self, name: str) -> str:
        """Look among the variables."""
        return self.variables.get(name, "")

    def disk_free(self, path: str) -> int:
        """Return free bytes, the same everywhere."""
        del path
        if self.free < 0:
            raise PermissionError(13, "Permission denied")
        return self.free

    def cores(self) -> int:
        """Return the cores as set."""
        return self.found_cores

    def now(self) -> datetime:
        """Return the time as set."""
        return self.time

    def changed(self, path: Path) -> datetime | None:
        """Return the time as set."""
        del path
        return self.made


GOOD, WARN, STOP, NONE = "good", "warn", "stop", "none"


def verdict(finding: Finding) -> str:
    """Return how the finding counts."""
    if finding.ok is None:
        return NONE
    if finding.ok:
        return GOOD
    return STOP if finding.fatal else WARN


@pytest.mark.parametrize(
    ("free", "total", "exists", "want"),
    [
        (4, 16, False, GOOD),
        (4, 6, False, WARN),
        (1, 16, False, STOP),
        (1, 16, True, GOOD),
    ],
)
def test_memory(*, free: int, total: int, exists: bool, want: str) -> None:
    """Too little free memory stops a lab that does not exist yet."""
    text = MEMINFO.format(free=free * 1024**2, total=total * 1024**2)
    host = FakeHost({"/proc/meminfo": text})

    assert verdict(local_checks.memory(host, exists=exists)) == want


def test_memory_elsewhere() -> None:
    """Without /proc memory is not judged."""
    found = local_checks.memory(FakeHost(), exists=False)

    assert verdict(found) == NONE


@pytest.mark.parametrize(
    ("free", "build", "want"),
    [
        (13, True, GOOD),
        (11, True, STOP),
        (11, False, GOOD),
        (3, False, STOP),
        (-1, False, NONE),
    ],
)
def test_disk(*, free: int, build: bool, want: str) -> None:
    """Making images needs more disk than running a lab."""
    host = FakeHost(free=free * GIB)

    assert verdict(local_checks.disk(host, "/x", build=build)) == want


@pytest.mark.parametrize(("cores", "want"), [(2, GOOD), (1, WARN)])
def test_cores(cores: int, want: str) -> None:
    """One core is slow but not the end."""
    assert verdict(local_checks.cores(FakeHost(found_cores=cores))) == want


@pytest.mark.parametrize(
    ("instances", "watches", "want"),
    [
        ("512", "524288", GOOD),
        ("128", "524288", WARN),
        ("", "", NONE),
    ],
)
def test_inotify(instances: str, watches: str, want: str) -> None:
    """Low limits are a warning with the command that raises them."""
    host = FakeHost(
        {
            "/proc/sys/fs/inotify/max_user_instances": instances + "\n",
            "/proc/sys/fs/inotify/max_user_watches": watches + "\n",
        }
    )
    found = local_checks.inotify(host)

    assert verdict(found) == want
    if want == WARN:
        assert found.remedy.endswith(
            "sudo sysctl fs.inotify.max_user_instances=512"
        )


@pytest.mark.parametrize(
    ("year", "made", "want"),
    [(2026, 2026, GOOD), (2026, 2027, WARN), (1970, 2026, STOP)],
)
def test_clock(year: int, made: int, want: str) -> None:
    """A clock before the kit's files warns, one of another age stops."""
    host = FakeHost(
        time=datetime(year, 6, 1, tzinfo=UTC),
        made=datetime(made, 1, 1, tzinfo=UTC),
    )

    assert verdict(local_checks.clock(host)) == want


@pytest.mark.parametrize(
    ("version", "images", "build", "want"),
    [
        ("go version go1.26.8 linux/amd64", "", True, GOOD),
        ("go version go1.30 linux/amd64", "build", True, GOOD),
        ("go version go1.25.9 linux/amd64", "", True, WARN),
        ("go version go1.25.9 linux/amd64", "build", True, STOP),
        (None, "build", True, STOP),
        (None, "build", False, NONE),
        (None, "", False, NONE),
    ],
)
def test_go(
    *, version: str | None, images: str, build: bool, want: str
) -> None:
    """Go stops a lab only if images are to be built with it."""
    host = FakeHost(go=version, variables={"IMAGES": images})

    assert verdict(local_checks.go(host, build=build)) == want


@pytest.mark.parametrize(
    ("version", "want"), [((3, 11, 2), GOOD), ((3, 10, 9), STOP)]
)
def test_python(version: tuple[int, ...], want: str) -> None:
    """An old Python stops."""
    assert verdict(local_checks.python(FakeHost(), version)) == want


def test_programs() -> None:
    """A missing program is a warning that says how to install it."""
    found = local_checks.git(FakeHost(programs=("make",)))

    assert verdict(found) == WARN
    assert "apt-get install git" in found.remedy
    assert verdict(local_checks.make(FakeHost(programs=("make",)))) == GOOD


@pytest.mark.parametrize(
    ("controllers", "platform", "observed"),
    [
        ("cpu memory", "linux", "version 2"),
        ("", "linux", "version 1"),
        ("", "darwin", "the engine's own machine"),
    ],
)
def test_cgroup(controllers: str, platform: str, observed: str) -> None:
    """The version of control groups is shown, never judged."""
    files = {"/sys/fs/cgroup/cgroup.controllers": controllers}
    found = local_checks.cgroup(FakeHost(files, platform=platform))

    assert found.observed == observed


@pytest.mark.parametrize(
    ("status", "start"),
    [
        ("CapBnd:\t000001ffffffffff\n", "present"),
        ("CapBnd:\t000001fffeffffff\n", "missing"),
        ("", "cannot be read"),
    ],
)
def test_capability(status: str, start: str) -> None:
    """A bounding set without CAP_SYS_RESOURCE is shown, not judged."""
    found = local_checks.capability(FakeHost({"/proc/self/status": status}))

    assert found.observed.startswith(start)
    assert verdict(found) in {GOOD, NONE}


def test_this_host_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The real host answers everything without raising."""
    host: Host = ThisHost()
    monkeypatch.setenv("IMAGES", "load")

    assert host.env("IMAGES") == "load"
    assert host.read(str(tmp_path / "none")) == ""
    assert host.run("/nonexistent/go") is None
    assert host.run("echo", "a") == "a"
    assert host.which("bash")
    assert host.disk_free(str(tmp_path / "a" / "b")) > 0
    assert host.cores() > 0
    assert host.changed(tmp_path / "none") is None
    assert host.changed(tmp_path) is not None
    assert host.now().tzinfo is not None


@pytest.mark.parametrize(
    ("version", "want"),
    [
        (
            "Linux version 4.4.0-19041-Microsoft (Microsoft@Microsoft.com)",
            STOP,
        ),
        ("Linux version 5.15.153.1-microsoft-standard-WSL2 (root@x)", GOOD),
    ],
)
def test_wsl(version: str, want: str) -> None:
    """WSL1 has no kernel of Linux; WSL2 has."""
    found = local_checks.wsl(FakeHost({"/proc/version": version}))

    assert found is not None
    assert verdict(found) == want


def test_no_wsl() -> None:
    """Any other system has no finding."""
    host = FakeHost({"/proc/version": "Linux version 6.12.48+deb13-amd64"})

    assert local_checks.wsl(host) is None
