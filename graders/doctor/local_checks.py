"""The doctor's probes of this computer; each looks at one thing."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

from graders.doctor.findings import Finding, Host, unknown
from graders.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

GIB: Final = 1024**3
FREE_MEMORY: Final = 2 * GIB
TOTAL_MEMORY: Final = 8 * GIB
BUILD_DISK: Final = 12 * GIB
RUN_DISK: Final = 4 * GIB
CORES: Final = 2
# All nodes share this computer's watches: each has a systemd, a kubelet and a
# containerd.
INSTANCES: Final = 512
WATCHES: Final = 524288
YEAR: Final = 2026
GO: Final = (1, 26)
PYTHON: Final = (3, 11)

_SYS_RESOURCE: Final = 24  # the capability's bit, linux/capability.h
_INOTIFY: Final = "/proc/sys/fs/inotify/"


def memory(host: Host, *, exists: bool) -> Finding:
    """Look for memory; a lab that exists already has what it needs."""
    requirement = "2 GiB free, 8 GiB in all recommended"
    lines = re.findall(
        r"^(MemTotal|MemAvailable):[ \t]+([0-9]{1,15}) kB$",
        host.read("/proc/meminfo"),
        re.MULTILINE,
    )
    sizes = {key: int(kib) * 1024 for key, kib in lines}
    if len(sizes) < 2:  # noqa: PLR2004 - the two of them
        return unknown("memory", "cannot be read here", requirement)
    free, total = sizes["MemAvailable"], sizes["MemTotal"]
    short = free < FREE_MEMORY and not exists
    return Finding(
        "memory",
        ok=not short and total >= TOTAL_MEMORY,
        observed=f"{_gib(free)} free of {_gib(total)}",
        requirement=requirement,
        remedy="end other programs, or use a larger machine",
        fatal=short,
    )


def disk(host: Host, folder: str, *, build: bool) -> Finding:
    """Look for disk space where the engine keeps images."""
    need = BUILD_DISK if build else RUN_DISK
    why = "to make the images" if build else "to run a lab"
    requirement = f"{_gib(need)} free {why}"
    try:
        free = host.disk_free(folder)
    except OSError as error:
        return unknown("disk", f"{folder}: {error.strerror}", requirement)
    return Finding(
        "disk",
        ok=free >= need,
        observed=f"{_gib(free)} free at {folder}",
        requirement=requirement,
        remedy="free some: `docker system df` shows what docker uses",
        fatal=True,
    )


def cores(host: Host) -> Finding:
    """Look for cores."""
    count = host.cores()
    return Finding(
        "cores",
        ok=count >= CORES,
        observed=str(count),
        requirement=f"at least {CORES}",
        remedy="it works on one core, but slowly; give the machine more",
    )


def inotify(host: Host) -> Finding:
    """Look for the kernel's limits on watched files."""
    needs = {"max_user_instances": INSTANCES, "max_user_watches": WATCHES}
    requirement = ", ".join(f"{key} {value}" for key, value in needs.items())
    limits = {key: host.read(_INOTIFY + key).strip() for key in needs}
    if not all(re.fullmatch("[0-9]{1,18}", it) for it in limits.values()):
        return unknown("inotify", "cannot be read here", requirement)
    low = [key for key, need in needs.items() if int(limits[key]) < need]
    return Finding(
        "inotify",
        ok=not low,
        observed=", ".join(f"{key} {limits[key]}" for key in needs),
        requirement=requirement,
        remedy="`lab up` raises them as root; else: sudo sysctl "
        + " ".join(f"fs.inotify.{key}={needs[key]}" for key in low),
    )


def clock(host: Host) -> Finding:
    """Look for a clock that is not earlier than the kit's files."""
    now, made = host.now(), host.changed(ROOT / "pyproject.toml")
    observed = f"{now:%Y-%m-%d %H:%M %Z}"
    old_year = now.year < YEAR
    behind = made is not None and now < made
    if behind:
        observed += ", earlier than the kit's own files"
    return Finding(
        "clock",
        ok=not old_year and not behind,
        observed=observed,
        requirement="the right time: certificates depend on it",
        remedy="set it, for instance with `sudo timedatectl set-ntp true`",
        fatal=old_year,
    )


def go(host: Host, *, build: bool) -> Finding:
    """Look for Go, which only building images needs."""
    forced = host.env("IMAGES") == "build"
    requirement = (
        f"{_dotted(GO)} or newer, only to build images (IMAGES=build)"
    )
    text = host.run("go", "version") or ""
    match = re.search(r"\bgo([0-9]{1,4})\.([0-9]{1,4})\S*", text)
    ok = bool(match and (int(match[1]), int(match[2])) >= GO)
    return Finding(
        "Go",
        ok=ok or (False if build else None),
        observed=match[0] if match else "none",
        requirement=requirement,
        remedy="install it from go.dev/dl, or use IMAGES=pull or IMAGES=load",
        fatal=build and forced,
    )


def python(
    _host: Host, version: tuple[int, ...] = tuple(sys.version_info[:3])
) -> Finding:
    """Look at the Python that runs the kit."""
    return Finding(
        "Python",
        ok=version >= PYTHON,
        observed=_dotted(version),
        requirement=f"{_dotted(PYTHON)} or newer",
        remedy="install a newer Python and create the environment again",
        fatal=True,
    )


def git(host: Host) -> Finding:
    """Look for git."""
    return _program(host, "git")


def make(host: Host) -> Finding:
    """Look for make."""
    return _program(host, "make")


def cgroup(host: Host) -> Finding:
    """Look at the version of control groups; both work."""
    requirement = "version 1 or 2, the kit adapts to either"
    if host.platform != "linux":
        return unknown("cgroup", "the engine's own machine", requirement)
    second = host.read("/sys/fs/cgroup/cgroup.controllers")
    return Finding(
        "cgroup", ok=True, observed=_cgroup(second), requirement=requirement
    )


def capability(host: Host) -> Finding:
    """Look for CAP_SYS_RESOURCE in the bounding set."""
    requirement = "in the bounding set, or the kit works around it"
    match = re.search(
        r"^CapBnd:[ \t]+([0-9a-f]{1,32})$",
        host.read("/proc/self/status"),
        re.MULTILINE,
    )
    if not match:
        return unknown("CAP_SYS_RESOURCE", "cannot be read here", requirement)
    present = int(match[1], 16) >> _SYS_RESOURCE & 1
    return Finding(
        "CAP_SYS_RESOURCE",
        ok=True,
        observed="present"
        if present
        else "missing, a wrapper of runc is used",
        requirement=requirement,
    )


def wsl(host: Host) -> Finding | None:
    """Look for WSL1, which has no kernel of Linux; None is another system."""
    version = host.read("/proc/version")
    if "microsoft" not in version.lower():
        return None
    second = "microsoft-standard" in version or "WSL2" in version
    return Finding(
        "WSL",
        ok=second,
        observed="WSL2" if second else "WSL1",
        requirement="WSL2",
        remedy="in PowerShell: `wsl --set-version DISTRIBUTION 2`",
        fatal=True,
    )


# In the order in which they are shown: of the machine that runs the engine,
# then of this computer.
ENGINE_MACHINE_PROBES: Final[tuple[Callable[[Host], Finding], ...]] = (
    cores,
    inotify,
)
MACHINE_PROBES: Final[tuple[Callable[[Host], Finding], ...]] = (
    clock,
    python,
    git,
    make,
    cgroup,
    capability,
)


def _program(host: Host, name: str) -> Finding:
    installed = host.which(name)
    return Finding(
        name,
        ok=installed,
        observed="found" if installed else "none",
        requirement="on PATH",
        remedy=f"install {name}, for instance `sudo apt-get install {name}`",
    )


def _cgroup(controllers: str) -> str:
    return "version 2" if controllers else "version 1"


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
