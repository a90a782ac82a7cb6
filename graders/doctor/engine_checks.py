"""The doctor's checks of the engine and its machine.

Each looks at one thing, and returns None where that thing is not there.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from graders.doctor.engine_facts import TimeIsUp
from graders.doctor.findings import Finding, Host, ThisHost
from graders.environment import proxies as own_proxies

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from graders.doctor.engine_facts import EngineFacts

# Seconds: leases and evidence have times that are compared.
_SKEW: Final = 2.0
# kubeadm dates certificates back by five minutes.
_CERTIFICATE_SKEW: Final = 240.0
_DESKTOP: Final = "Docker Desktop"
_INOTIFY: Final = "/proc/sys/fs/inotify/"
# By the engine's security option.
_RESTRICTED: Final = {
    "name=rootless": "rootless",
    "name=userns": "userns-remap",
}
_KERNEL_REMEDY: Final = (
    "use another kernel: on Linux that of the distribution, on Windows `wsl"
    " --update`, elsewhere a newer Docker Desktop"
)


@dataclass(frozen=True)
class EngineMachine(ThisHost):
    """The engine's virtual machine, as the checks of a computer see it."""

    facts: EngineFacts

    @property
    def platform(self) -> str:
        """See Host."""
        return "linux"

    def read(self, path: str) -> str:
        """See Host; what the container saw, else what the engine says."""
        values = self.facts.kernel.values
        if path.startswith(_INOTIFY):
            return values.get(path.removeprefix(_INOTIFY), "")
        total = self.facts.info.get("MemTotal", 0) // 1024
        memory = values.get("memory_kib") or total
        free = values.get("available_kib") or total
        known = path == "/proc/meminfo" and memory
        return f"MemTotal: {memory} kB\nMemAvailable: {free} kB\n" * bool(
            known
        )

    def cores(self) -> int:
        """See Host."""
        return int(self.facts.info.get("NCPU") or 1)

    def disk_free(self, path: str) -> int:
        """See Host.

        Raises:
            OSError: only a container can tell.

        """
        del path
        kib = self.facts.kernel.number("disk_kib")
        if kib < 0:
            reason = "known once the kit's images are there"
            raise OSError(errno.ENOENT, reason)
        return kib * 1024


def machine_of(facts: EngineFacts, host: Host) -> Host:
    """Return the machine that the engine's containers run on."""
    return EngineMachine(facts) if in_vm(facts, host) else host


def in_vm(facts: EngineFacts, host: Host) -> bool:
    """Tell whether the engine has a machine of its own."""
    here = host.read("/proc/sys/kernel/osrelease").strip()
    there = facts.info.get("KernelVersion", "")
    return bool(facts.info) and (
        host.platform != "linux"
        or facts.info.get("OperatingSystem") == _DESKTOP
        or bool(here and there and here != there)
    )


def in_settings(finding: Finding, facts: EngineFacts, host: Host) -> Finding:
    """Return a finding on memory, cores or disk with a VM's remedy."""
    if not in_vm(facts, host):
        return finding
    machine = (
        "Docker Desktop (Settings, Resources; on Windows .wslconfig)"
        if facts.info.get("OperatingSystem") == _DESKTOP
        else "the virtual machine that the engine runs in"
    )
    return replace(finding, remedy=f"give more of it to {machine}")


def is_podman(version: Mapping[str, Any]) -> bool:
    """Tell by `docker version` whether podman answers to docker's name."""
    client, server = version.get("Client") or {}, version.get("Server") or {}
    parts = server.get("Components") or ()
    return "OsArch" in client or any(
        "podman" in str(part.get("Name", "")).lower() for part in parts
    )


def place(facts: EngineFacts, host: Host) -> Finding | None:
    """Look whether the engine is on this computer."""
    address = host.env("DOCKER_HOST") or facts.address
    if not address:
        return None
    url = urlsplit(address)
    local = url.hostname in {"localhost", "127.0.0.1", "::1"}
    remote = url.scheme == "ssh" or (
        url.scheme in {"tcp", "http", "https"} and not local
    )
    return Finding(
        "engine's place",
        ok=not remote,
        observed=f"on {url.hostname}" if remote else "this computer",
        requirement="this computer, where the API server is then reached",
        remedy="unset DOCKER_HOST, and `docker context use default`; or run"
        " the kit on that computer",
        fatal=True,
    )


def rights(facts: EngineFacts, host: Host) -> Finding | None:
    """Look for an engine without root's rights."""
    del host
    if not facts.info:
        return None
    restricted = [
        text
        for name, text in (
            ("rootless", "rootless"),
            ("userns", "userns-remap"),
        )
        if f"name={name}" in facts.options
    ]
    return Finding(
        "engine's rights",
        ok=not restricted,
        observed=restricted[0] if restricted else "root's",
        requirement="root's: nodes load modules and set the kernel's settings",
        remedy="use the system's engine (`docker context use default`), or"
        " remove userns-remap from /etc/docker/daemon.json",
    )


def container(facts: EngineFacts, host: Host) -> Finding | None:
    """Look whether a privileged container runs, as each node is one."""
    del host
    if facts.problem is None:
        return None
    slow = isinstance(facts.problem, TimeIsUp)
    return Finding(
        "container",
        ok=None if slow else False,
        observed=facts.problem.problems[0],
        requirement="a privileged container that runs, as each node does",
        remedy=facts.problem.remedy
        if slow
        else "see the message of docker; restart the engine if it is its own",
        fatal=not slow,
    )


def multipath(facts: EngineFacts, host: Host) -> Finding | None:
    """Look for routes with several next hops in the kernel."""
    del host
    return _kernel(
        facts,
        "multipath",
        "CONFIG_IP_ROUTE_MULTIPATH in the kernel, for equal-cost routes",
        fatal=True,
    )


def md5(facts: EngineFacts, host: Host) -> Finding | None:
    """Look for TCP MD5 signatures in the kernel."""
    del host
    return _kernel(
        facts,
        "md5",
        "CONFIG_TCP_MD5SIG in the kernel, for BGP sessions with a password",
    )


def packet_filter(facts: EngineFacts, host: Host) -> Finding | None:
    """Look for docker's own rules, and for others that drop its traffic."""
    del host
    values = facts.kernel.values
    if "docker_rules" not in values:
        return None
    backend = facts.info.get("FirewallBackend") or {}
    own = values["docker_rules"] != "0" or "nftables" in str(backend)
    bridged = values.get("bridge_filter") == "1"
    drops = values.get("forward_drops") != "0"
    observed = "docker's own" if own else "none of docker's own"
    if not own and drops:
        observed += ", and FORWARD drops"
    if not own and drops and bridged:
        observed += " also what bridges carry"
    return Finding(
        "packet filter",
        ok=own,
        observed=observed,
        requirement="docker's own rules, which let its networks through",
        remedy='remove "iptables": false from /etc/docker/daemon.json if it is'
        " there, then `sudo systemctl restart docker`",
        fatal=not own and drops and bridged,
    )


def firewall(facts: EngineFacts, host: Host) -> Finding | None:
    """Look for firewalls that replace docker's rules when they reload."""
    if in_vm(facts, host):
        return None
    active = [
        name
        for name, present in (
            ("firewalld", host.run("systemctl", "is-active", "firewalld")),
            ("ufw", "\nENABLED=yes" in "\n" + host.read("/etc/ufw/ufw.conf")),
        )
        if present
    ]
    return Finding(
        "firewall",
        ok=None if active else True,
        observed=f"{' and '.join(active)} active" if active else "none",
        requirement="none, or one that was started before docker",
        remedy="nothing to do, unless no client reaches a VIP: `sudo systemctl"
        " restart docker` then puts docker's rules first again",
    )


def engine_clock(facts: EngineFacts, host: Host) -> Finding | None:
    """Look whether the engine's machine has this computer's time."""
    clock = facts.kernel.clock
    if clock is None or not in_vm(facts, host):
        return None
    ahead = abs(clock.seconds) - clock.uncertainty
    direction = "ahead" if clock.seconds > 0 else "behind"
    return Finding(
        "engine's clock",
        ok=ahead <= _SKEW,
        observed=f"{abs(clock.seconds):.0f} s {direction}"
        if ahead > _SKEW
        else "this computer's time",
        requirement=f"at most {_SKEW:.0f} s from this computer's",
        remedy="restart Docker Desktop or the engine's virtual machine (on"
        " Windows `wsl --shutdown`): a clock stops while a laptop sleeps",
        fatal=ahead > _CERTIFICATE_SKEW,
    )


def proxies(facts: EngineFacts, host: Host) -> Finding | None:
    """Look for proxies, and whether the engine has one to pull with."""
    del host
    here = own_proxies()
    names = {
        "here": here,
        "in docker's containers": facts.kernel.values.get(
            "proxies", ""
        ).split(),
        "of the engine": _engine_proxies(facts),
    }
    observed = "; ".join(
        f"{' '.join(found)} {where}" for where, found in names.items() if found
    )
    pulls = facts.info and not facts.kernel.values
    return Finding(
        "proxies",
        ok=not (pulls and here and not _engine_proxies(facts)),
        observed=observed or "none",
        requirement="any: labs use none, and downloads yours",
        remedy="the engine pulls images by itself: give it the proxy as well"
        " (docs.docker.com/engine/daemon/proxy), or use IMAGES=load",
    )


def _engine_proxies(facts: EngineFacts) -> list[str]:
    names = ("HTTPProxy", "HTTPSProxy")
    return [name for name in names if facts.info.get(name)]


# In the order in which they are shown.
ENGINE_CHECKS: Final[
    tuple[Callable[[EngineFacts, Host], Finding | None], ...]
] = (
    *(place, rights, container, multipath, md5),
    *(packet_filter, firewall, engine_clock, proxies),
)


def _kernel(
    facts: EngineFacts, key: str, requirement: str, *, fatal: bool = False
) -> Finding | None:
    """Return a finding on what the container has tried out."""
    answer = facts.kernel.values.get(key)
    if answer is None:
        return None
    return Finding(
        key,
        ok=answer == "yes",
        observed="present" if answer == "yes" else answer or "missing",
        requirement=requirement,
        remedy=_KERNEL_REMEDY,
        fatal=fatal,
    )
