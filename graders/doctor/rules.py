"""Judge by a host's facts whether it can have its part of a lab.

Pure functions: facts go in, findings come out.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from graders.doctor.facts import Facts, gib
from graders.doctor.findings import Finding
from graders.doctor.requirements import Requirements, requirements_of
from graders.providers.inventory import FABRIC_HOST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graders.plan.plan import Plan

SYSTEMS: Final = {
    "debian 12": "Debian 12",
    "debian 13": "Debian 13",
    "ubuntu 22.04": "Ubuntu 22.04",
    "ubuntu 24.04": "Ubuntu 24.04",
}
# Seconds by which two clocks may differ: leases, certificates and evidence
# have times that are compared across hosts.
SKEW: Final = 2.0
_NUMBERS: Final = ("uid", "cores", "memory_kib", "disk_kib")
_TEXTS: Final = (
    *("arch", "os", "hostname", "machine_id", "swap", "init", "addresses"),
    "macs",
    *("kubernetes", "containers"),
)
# Values that no two hosts may share, and what to do if they do.
_UNIQUE: Final = {
    "machine_id": (
        "machine-id",
        (
            "a clone? rm /etc/machine-id && systemd-machine-id-setup on one of"
            " them, then restart it"
        ),
    ),
    "hostname": ("hostname", "hostnamectl set-hostname NAME on one of them"),
}
# Linux's names of processors by those of other systems.
_LINUX: Final = {"arm64": "aarch64", "amd64": "x86_64", "AMD64": "x86_64"}


def check_host(
    name: str, facts: Facts, plan: Plan, arch: str
) -> list[Finding]:
    """Return what would stop a host of that name from having its part.

    `arch` is this computer's, and so the node image's.
    """
    if broken := _incomplete(facts):
        return [broken]
    findings = [
        *_system(facts),
        *_sizes(requirements_of(name), facts),
        *_clock(facts),
        *(
            place_on_lan(plan, facts)
            if name == FABRIC_HOST
            else _addresses(plan.interfaces(name), facts)
        ),
    ]
    findings += _arch(arch, facts) if name in plan.nodes else ()
    findings += _firewall(name, facts, plan)
    foreign = list(_foreign(facts, plan.cluster))
    if not foreign and not facts.values.get("mark"):
        findings += _ports(requirements_of(name), facts)
        findings += _containers(facts) if name in plan.nodes else ()
    return findings + foreign


def check_unique(facts: Mapping[str, Facts]) -> dict[str, list[Finding]]:
    """Return, by host, values that it shares with another one."""
    findings: dict[str, list[Finding]] = defaultdict(list)
    for key, (what, remedy) in _UNIQUE.items():
        for value, names in _by_value(facts, key).items():
            for name in names if len(names) > 1 else ():
                others = ", ".join(one for one in names if one != name)
                observed = f"{value}, as {others}"
                requirement = "one that no other host has"
                findings[name].append(
                    _stop(what, observed, requirement, remedy)
                )
    return dict(findings)


def _by_value(facts: Mapping[str, Facts], key: str) -> dict[str, list[str]]:
    """Return the hosts that have each value."""
    hosts: dict[str, list[str]] = defaultdict(list)
    for name, one in facts.items():
        if value := one.values.get(key):
            hosts[value].append(name)
    return hosts


def _incomplete(facts: Facts) -> Finding | None:
    """Return what is wrong with the answer itself, if anything."""
    missing = [key for key in _TEXTS if key not in facts.values]
    missing += [key for key in _NUMBERS if facts.number(key) < 0]
    if not missing and "end" in facts.values:
        return None
    lacks = f"an answer without {', '.join(missing) or 'an end'}"
    return _stop(
        "answer", lacks, "a shell and its usual tools", "see its /bin/sh"
    )


def _system(facts: Facts) -> Iterator[Finding]:
    system, init = facts.values["os"], facts.values["init"]
    if facts.number("uid") != 0:
        yield _stop("root", f"uid {facts.number('uid')}", "root", "use sudo")
    if system not in SYSTEMS:
        yield _stop(
            "system",
            system or "no /etc/os-release",
            f"one of {', '.join(SYSTEMS.values())}",
            "install one of them there",
        )
    if init != "systemd":
        yield _stop("init", init, "systemd", "boot the host with systemd")
    if swap := facts.values["swap"]:
        yield _stop(
            "swap",
            f"on: {swap}",
            "none: kubelet does not start with it",
            "swapoff -a, and remove it from /etc/fstab",
        )
    if not facts.values["machine_id"]:
        yield _stop(
            "machine-id",
            "none",
            "one that no other host has",
            "systemd-machine-id-setup, then restart the host",
        )


def _sizes(need: Requirements, facts: Facts) -> Iterator[Finding]:
    cores = facts.number("cores")
    if cores < need.cores:
        yield _stop(
            "cores", str(cores), f"at least {need.cores}", "give it more"
        )
    for what, key, least in (
        ("memory", "memory_kib", need.memory),
        ("disk", "disk_kib", need.disk),
    ):
        actual = facts.number(key)
        if actual < least:
            place = " free below /var" if what == "disk" else ""
            yield _stop(
                what,
                gib(actual) + place,
                f"at least {gib(least)}{place}",
                "give it more",
            )


def _arch(here: str, facts: Facts) -> Iterator[Finding]:
    wanted, actual = _LINUX.get(here, here), facts.values["arch"]
    if actual != wanted:
        yield _stop(
            "processor",
            actual,
            f"{wanted}, as this computer: nodes have their parts from it",
            f"use a host of {wanted}, or run the kit on {actual}",
        )


def _clock(facts: Facts) -> Iterator[Finding]:
    clock = facts.clock
    if clock is None or abs(clock.seconds) - clock.uncertainty <= SKEW:
        return
    direction = "ahead" if clock.seconds > 0 else "behind"
    yield _stop(
        "clock",
        f"{abs(clock.seconds):.1f} s {direction}",
        f"at most {SKEW:.0f} s from this computer's",
        "timedatectl set-ntp true, there and here",
    )


def _addresses(wanted: Mapping[str, str], facts: Facts) -> Iterator[Finding]:
    for interface, address in wanted.items():
        has = _on_interface(interface, facts)
        if address in has:
            continue
        yield _stop(
            "address",
            f"{interface} has {' '.join(has) or 'none'}",
            f"{interface} with {address}, of the student's plan",
            "give it that address, and the interface that name; see"
            " docs/hosts.md",
        )


def place_on_lan(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Yield why a host cannot have other machines of the lab on its LAN."""
    has = _on_interface("eth0", facts)
    machines = (*plan.nodes.values(), *plan.machines.values())
    assigned = {str(one.lan) for one in machines}
    free = set(map(str, plan.node_range)) - assigned
    own = [one.partition("/")[0] for one in has]
    if any(one in free for one in own):
        return
    yield _stop(
        "address",
        f"eth0 has {' '.join(has) or 'none'}",
        f"eth0 with one of {plan.node_range} that no machine has",
        "give it such an address, and the interface that name; see"
        " docs/hosts.md",
    )


def _on_interface(interface: str, facts: Facts) -> list[str]:
    """Return an interface's addresses with their prefix lengths."""
    pairs = (one.partition("=") for one in facts.values["addresses"].split())
    return [address for name, _, address in pairs if name == interface]


def _foreign(facts: Facts, cluster: str) -> Iterator[Finding]:
    cluster_file, mark = (
        facts.values["kubernetes"],
        facts.values.get("mark", ""),
    )
    if not cluster_file or mark == cluster:
        return
    observed = (
        f"that of {mark}"
        if mark
        else f"one that is not the kit's: {cluster_file}"
    )
    remedy = (
        "take it down first, or use another host"
        if mark
        else "use a machine set aside for labs; the kit does not touch this"
        " cluster, so run kubeadm reset if you want to remove it"
    )
    yield _stop("cluster", observed, "none, or this lab's own", remedy)


def _containers(facts: Facts) -> Iterator[Finding]:
    if path := facts.values["containers"]:
        yield _stop(
            "containers",
            f"a containerd's: {path}",
            "none: the cluster's must be the only ones",
            "use a machine set aside for labs, or remove containerd and"
            " docker with their data",
        )


def _firewall(name: str, facts: Facts, plan: Plan) -> Iterator[Finding]:
    """Yield a warning: rules that let the lab through are not recognised."""
    chains = {"INPUT"} if name != FABRIC_HOST else set[str]()
    if name in plan.nodes or name == "router":
        chains.add("FORWARD")
    dropping = [
        one
        for one in facts.values.get("firewall", "").split()
        if one in chains
    ]
    if dropping:
        yield Finding(
            "firewall",
            ok=False,
            observed=f"{' and '.join(dropping)} that drop",
            requirement="none, or one that lets the lab through",
            remedy="ufw disable, or systemctl disable --now firewalld; or"
            " accept what docs/hosts.md lists",
        )


def _ports(need: Requirements, facts: Facts) -> Iterator[Finding]:
    if "ports" not in facts.values:
        yield _stop(
            "ports", "no command ss", "to see them", "apt-get install iproute2"
        )
    for protocol, port in sorted(need.ports & facts.listeners.keys()):
        program = facts.listeners[protocol, port]
        yield _stop(
            "port",
            f"{port}/{protocol} is taken by {program}",
            "free",
            f"end {program}: systemctl disable --now ...",
        )


def _stop(name: str, observed: str, requirement: str, remedy: str) -> Finding:
    return Finding(name, False, observed, requirement, remedy, fatal=True)  # noqa: FBT003 - its field
