"""Rules for hosts: one test for each thing that stops a lab."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graders.doctor.facts import ClockOffset, Facts, parse
from graders.doctor.rules import check_host, check_unique
from graders.plan.plan import make_plan
from graders.providers.hosts import MARK

PLAN = make_plan()
ARCH = "x86_64"
NAMES = [*PLAN.nodes, *PLAN.machines]
# Of all hosts: each finds its own among them.
ADDRESSES = [
    f"{interface}={address}"
    for name in NAMES
    for interface, address in PLAN.interfaces(name).items()
]
SAID = f"""\
uid=0
arch=x86_64
os=debian 13
hostname=worker
machine_id=0123456789abcdef0123456789abcdef
cores=2
memory_kib=2014080
disk_kib=20971520
swap=
init=systemd
addresses=lo=127.0.0.1/8 {" ".join(ADDRESSES)}
kubernetes=
containers=
mark=
macs=02:4d:ac:12:01:03
ports=known
listens=tcp 22 sshd
end=yes
"""
GOOD = parse(SAID)


def _but(*lines: str) -> Facts:
    """Return the facts of a good host, but for these lines."""
    keys = {line.partition("=")[0] for line in lines}
    kept = [
        line
        for line in SAID.splitlines()
        if line.partition("=")[0] not in keys
    ]
    return parse("\n".join([*kept, *lines]))


def _told(facts: Facts, name: str = "control-plane") -> list[str]:
    """Return what stops a host, in the words of the table."""
    found = check_host(name, facts, PLAN, ARCH)
    assert all(one.remedy and one.fatal and one.ok is False for one in found)
    return [f"{one.name}: {one.observed} | {one.requirement}" for one in found]


@pytest.mark.parametrize("name", NAMES)
def test_a_good_host(name: str) -> None:
    """Nothing stops it, whatever its part."""
    assert _told(GOOD, name) == []


@pytest.mark.parametrize(
    "system", ["debian 12", "debian 13", "ubuntu 22.04", "ubuntu 24.04"]
)
def test_supported_systems(system: str) -> None:
    """These four are recognised by their os-release."""
    assert _told(_but(f"os={system}")) == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("uid=1000", "root: uid 1000 | root"),
        (
            "os=debian 11",
            (
                "system: debian 11 | one of Debian 12, Debian 13, Ubuntu"
                " 22.04, Ubuntu 24.04"
            ),
        ),
        (
            "os=",
            (
                "system: no /etc/os-release | one of Debian 12, Debian 13,"
                " Ubuntu 22.04, Ubuntu 24.04"
            ),
        ),
        ("init=sh", "init: sh | systemd"),
        (
            "swap=/dev/sda2 /swapfile",
            (
                "swap: on: /dev/sda2 /swapfile | none: kubelet does not start"
                " with it"
            ),
        ),
        ("machine_id=", "machine-id: none | one that no other host has"),
        ("cores=1", "cores: 1 | at least 2"),
        ("memory_kib=1048576", "memory: 1.0 GiB | at least 1.7 GiB"),
        (
            "disk_kib=1048576",
            (
                "disk: 1.0 GiB free below /var | at least 8.0 GiB free below"
                " /var"
            ),
        ),
    ],
)
def test_what_stops_a_control_plane(line: str, told: str) -> None:
    """Each is found on its own."""
    assert _told(_but(line)) == [told]


@pytest.mark.parametrize(
    ("here", "there", "name", "told"),
    [
        ("x86_64", "aarch64", "worker", ["aarch64", "x86_64"]),
        ("x86_64", "aarch64", "router", []),
        ("arm64", "aarch64", "worker", []),
        ("AMD64", "x86_64", "control-plane", []),
        ("arm64", "x86_64", "control-plane", ["x86_64", "aarch64"]),
    ],
)
def test_processor(here: str, there: str, name: str, told: list[str]) -> None:
    """A node's parts come from this computer; other hosts have their own."""
    found = check_host(name, _but(f"arch={there}"), PLAN, here)

    assert [one.name for one in found] == ["processor"] * bool(told)
    for one in found:
        assert [one.observed, one.requirement.partition(",")[0]] == told


@pytest.mark.parametrize(
    ("name", "chains"),
    [
        ("worker", "FORWARD and INPUT"),
        ("router", "FORWARD and INPUT"),
        ("desk", "INPUT"),
        ("fabric-host", ""),
    ],
)
def test_a_firewall_is_a_warning(name: str, chains: str) -> None:
    """Its rules may let the lab through, so nothing is stopped by it."""
    there = f"addresses=eth0=172.18.1.100/16 {' '.join(ADDRESSES)}"
    found = check_host(name, _but("firewall=FORWARD INPUT", there), PLAN, ARCH)

    assert [one.observed for one in found] == (
        [f"{chains} that drop"] if chains else []
    )
    assert not [one for one in found if one.fatal or not one.remedy]


def test_foreign_containers() -> None:
    """They keep a node out; a host of the fabric may have them."""
    facts = _but("containers=/var/lib/containerd/a")

    assert _told(facts) == [
        (
            "containers: a containerd's: /var/lib/containerd/a | none: the"
            " cluster's must be the only ones"
        )
    ]
    assert _told(facts, "router") == []


def test_all_at_once() -> None:
    """One thing that is wrong does not hide another."""
    facts = _but("swap=/swap", "cores=1", "os=x 1", "listens=tcp 6443 nginx")

    names = [one.partition(":")[0] for one in _told(facts)]

    assert names == ["system", "swap", "cores", "port"]


@pytest.mark.parametrize(
    ("name", "ports"),
    [
        (
            "control-plane",
            [
                *(179, 2379, 2380, 2381, 6443, 7472, 7946),
                *(10248, 10249, 10250, 10256, 10257, 10259),
            ],
        ),
        ("worker2", [179, 7472, 7946, 10248, 10249, 10250, 10256]),
        ("desk", [80]),
        ("router", [179]),
        ("client", []),
    ],
)
def test_ports_by_role(name: str, ports: list[int]) -> None:
    """A host needs the ports of its role only."""
    lines = [f"listens=tcp {port} nginx" for port in range(1, 11000)]

    assert _told(_but(*lines), name) == [
        f"port: {port}/tcp is taken by nginx | free" for port in ports
    ]


@pytest.mark.parametrize(
    ("name", "there", "told"),
    [
        ("worker", "eth0=172.18.1.4/16", ["eth0 has 172.18.1.4/16"]),
        ("worker", "ens3=172.18.1.3/16", ["eth0 has none"]),
        ("worker", "eth0=172.18.1.3/24", ["eth0 has 172.18.1.3/24"]),
        ("worker", "eth0=10.0.0.1/8 eth0=172.18.1.3/16", []),
        ("router", "eth0=172.18.0.2/16", ["eth1 has none"]),
        ("client", "eth1=10.90.0.10/24", ["eth0 has none"]),
    ],
)
def test_addresses(name: str, there: str, told: list[str]) -> None:
    """Each host has the plan's, on the interface where labs look."""
    found = _told(_but(f"addresses={there}"), name)

    assert [one.partition(" | ")[0] for one in found] == [
        f"address: {one}" for one in told
    ]


@pytest.mark.parametrize(
    "there", ["eth0=172.18.1.100/16", "eth0=10.0.0.1/8 eth0=172.18.1.100/16"]
)
def test_place_of_a_host_with_all_of_the_fabric(there: str) -> None:
    """It is on the LAN, where no machine and no pool is."""
    assert _told(_but(f"addresses={there}"), "fabric-host") == []


@pytest.mark.parametrize(
    ("there", "has"),
    [
        ("eth0=172.18.1.3/16", "172.18.1.3/16"),
        ("eth0=172.18.255.200/16", "172.18.255.200/16"),
        ("ens3=172.18.1.100/16", "none"),
        ("", "none"),
    ],
)
def test_no_place_for_all_of_the_fabric(there: str, has: str) -> None:
    """An address that a machine or a Service will have is not the host's."""
    (found,) = _told(_but(f"addresses={there}"), "fabric-host")

    assert found == (
        f"address: eth0 has {has} | eth0 with one of 172.18.1.0/24 that no"
        " machine has"
    )


def test_ports_of_udp() -> None:
    """Speakers talk by UDP, too, and a DHCP server by nothing else."""
    facts = _but("listens=udp 7946 x", "listens=udp 67 dnsmasq")

    assert _told(facts, "worker") == ["port: 7946/udp is taken by x | free"]
    assert _told(facts, "dhcp") == ["port: 67/udp is taken by dnsmasq | free"]


def test_ports_cannot_be_seen() -> None:
    """Without ss the ports are not known, and that stops a lab."""
    text = SAID.replace("ports=known\n", "")

    assert _told(parse(text)) == ["ports: no command ss | to see them"]


@pytest.mark.parametrize(
    ("clock", "told"),
    [
        (ClockOffset(1.9, 0.1), []),
        (ClockOffset(2.3, 0.4), []),
        (
            ClockOffset(2.5, 0.1),
            ["clock: 2.5 s ahead | at most 2 s from this"],
        ),
        (
            ClockOffset(-70, 0.1),
            ["clock: 70.0 s behind | at most 2 s from this"],
        ),
    ],
)
def test_clock(clock: ClockOffset, told: list[str]) -> None:
    """It must differ for sure: the way there and back takes time, too."""
    found = _told(replace(GOOD, clock=clock))

    assert found == [f"{one} computer's" for one in told]


def test_foreign_cluster() -> None:
    """Files of Kubernetes without the kit's mark are another cluster's."""
    there = "kubernetes=/etc/kubernetes/admin.conf"

    assert _told(_but(there)) == [
        (
            "cluster: one that is not the kit's: /etc/kubernetes/admin.conf |"
            " none, or this lab's own"
        )
    ]
    assert _told(_but(there, "mark=metallb-lab-ada")) == [
        "cluster: that of metallb-lab-ada | none, or this lab's own"
    ]
    assert MARK.startswith("/etc/kubernetes/")


@pytest.mark.parametrize(
    "its_own",
    ["listens=tcp 6443 kube-apiserver", "containers=/var/lib/containerd/a"],
)
def test_the_lab_s_own_cluster(its_own: str) -> None:
    """The lab's own cluster does not stop it."""
    there = "kubernetes=/etc/kubernetes/admin.conf"
    facts = _but(f"mark={PLAN.cluster}", there, its_own)

    assert _told(facts) == []


@pytest.mark.parametrize(
    ("key", "what"), [("machine_id", "machine-id"), ("hostname", "hostname")]
)
def test_two_of_one_name(key: str, what: str) -> None:
    """Each of them is listed with the others that have the same."""
    one, other = _but(f"{key}=abc"), _but(f"{key}=abc")
    third = _but("machine_id=x", "hostname=y")
    rest = {"machine_id": "hostname", "hostname": "machine_id"}[key]
    other = parse(f"{key}=abc\n{rest}=own\n")

    found = check_unique({"worker": one, "worker2": other, "client": third})

    assert list(found) == ["worker", "worker2"]
    (told,) = found["worker2"]
    assert (told.name, told.observed) == (what, "abc, as worker")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "an answer without arch, os, hostname"),
        (SAID.replace("end=yes\n", ""), "an answer without an end"),
        (SAID.replace("cores=2", "cores=two"), "an answer without cores"),
    ],
)
def test_half_an_answer(text: str, told: str) -> None:
    """An incomplete answer stops a lab."""
    (found,) = _told(parse(text))

    assert found.startswith(f"answer: {told}")


def test_a_host_s_words_cannot_act_on_a_terminal() -> None:
    """What it says is shown, not obeyed."""
    facts = parse("os=\x1b[2Jx 1\nlistens=tcp 179 a\x1b[1mb\n")

    assert facts.values["os"] == r"\x1b[2Jx 1"
    assert facts.listeners["tcp", 179] == r"a\x1b[1mb"
