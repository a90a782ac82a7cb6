"""What a host gets back of its own, by functions of the script itself.

Those about the network run in one of the test's own.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from graders.settings import ANSIBLE
from tests import own_network

if TYPE_CHECKING:
    from pathlib import Path

ROLES: Final = ANSIBLE / "roles"
OWN: Final = "var/lib/metallb-lab-kit"
MADE: Final = "var/lib/lab-made"
# What is typed before each.
BEFORE: Final = ("../files/lib/alone.sh", "../files/lib/own.sh")
# A script, and where it is done with defining.
GIVE_BACK: Final = (
    "host_setup/files/give_back.sh",
    "\nrm -f $OWN/taken\n",
)
TAKE: Final = ("host_setup/files/take.sh", "\n# Notes on a host that")
RESTORE: Final = ("lab/files/restore.sh", "\nmkdir -p $MADE\n")
# A host on the LAN that has another network, too.
NET: Final = """
for dev in eth0 vpn0; do
  ip link add $dev type veth peer name at-$dev
  ip link set $dev up
  ip link set at-$dev up
done
ip address add 10.1.0.1/24 dev eth0
ip address add 10.2.0.1/24 dev vpn0
"""
NOTE_ROUTES: Final = f"""
ip -4 -o route show > $HOST/{OWN}/routes
ip -4 -o route show | sed 's/ *$//' > $HOST/{MADE}/routes
"""


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """Return what stands for the root folder of a host that was taken."""
    for name in (OWN, MADE, "etc/kubernetes", "bin", "run"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "etc/kubernetes/metallb-lab-kit").write_text("c\n")
    for name in ("packages", "users", "groups", "modes"):
        (tmp_path / OWN / name).touch()
    # Never this computer's own.
    for name in ("apt-get", "dpkg", "dpkg-query", "userdel", "groupdel"):
        _stub(tmp_path, name, "exit 1")
    return tmp_path


def _stub(host: Path, name: str, text: str) -> None:
    """Have a command do something else there."""
    file = host / "bin" / name
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)


def _functions(host: Path, script: tuple[str, str]) -> str:
    """Return what a script defines, as if `host` was the root folder."""
    file, begins = script
    text = (ROLES / file).read_text(encoding="utf-8")
    text, found, _ = text.partition(begins)
    assert found
    before = [(ROLES / name).read_text(encoding="utf-8") for name in BEFORE]
    text = "\n".join([*before, text])
    for name in ("OWN", "MADE", "MARK", "LOCK", "MACHINE"):
        text = text.replace(f"\n{name}=/", f"\n{name}={host}/")
    text = text.replace("cd /\n", f"cd {host}\n")
    text = text.replace(" /usr/lib/frr/", f" {host}/usr/lib/frr/")
    return f"CLUSTER=c ROLE=desk KEEP=10.1.0.1/24 HOST={host}\n{text}\n"


def _run(
    host: Path,
    *steps: str,
    script: tuple[str, str] = GIVE_BACK,
    net: bool = True,
) -> list[str]:
    """Run steps one after the other; return the lines that they print."""
    text = "\n".join([_functions(host, script), *steps])
    path = f"{host}/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return subprocess.run(
        [*(own_network.NET if net else ()), "sh", "-c", text],
        env={"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    ).stdout.splitlines()


@own_network.needs_net
@pytest.mark.parametrize(
    "routes",
    [
        "ip route add default via 10.1.0.254",
        "ip route add default via 10.2.0.254",
        "ip route add 10.9.0.1 dev eth0; ip route add default via 10.9.0.1",
        (
            "ip route add default nexthop via 10.1.0.2 dev eth0"
            " nexthop via 10.1.0.3 dev eth0"
        ),
        "ip route add 10.8.0.0/24 via 10.9.9.9 dev eth0 onlink metric 5",
        "ip route add 10.8.0.0/24 via 10.2.0.9",
    ],
)
def test_routes_of_before_come_back(host: Path, routes: str) -> None:
    """Those that need others, too; what the lab added goes."""
    lab = """
    ip route del default; ip route flush dev eth0
    ip route add default via 10.2.0.7; ip route add 10.90.0.0/24 dev eth0
    ip -4 route show default | sed 's/ *$//' >> $HOST/var/lib/lab-made/routes
    """
    show = "ip -4 -o route show | sort"

    before = _run(host, NET, routes, show)
    after = _run(host, NET, routes, NOTE_ROUTES, lab, "routes", show)

    assert after == before


@own_network.needs_net
def test_routes_of_others_stay(host: Path) -> None:
    """A VPN that came since keeps its own; what is there is not touched."""
    since = "ip route add 10.3.0.0/16 via 10.2.0.9"
    leased = "ip route add 10.4.0.0/16 via 10.1.0.9 proto dhcp"
    own = "ip route add default via 10.1.0.254"
    show = "ip -4 -o route show"
    watched = 'ip() { echo "ip $*" >&3; command ip "$@"; }; routes 3>&1'

    before = _run(host, NET, own, since, leased, show)
    said = _run(
        *(host, NET, own, NOTE_ROUTES, since, leased, watched),
        f"command {show}",
    )

    assert [line for line in said if not line.startswith("ip ")] == before
    assert set(said) - set(before) == {f"ip {show[3:]}"}


NEIGHBOUR: Final = (
    "ip neighbour replace 10.1.0.9 dev eth0 lladdr 02:00:00:00:00:09"
    " nud permanent"
)
OTHER: Final = NEIGHBOUR.replace("00:09", "00:0a")
QDISC: Final = "tc qdisc add dev eth0 root handle 7: pfifo limit 9"
SHOW: Final = "ip -4 neighbour show nud permanent; tc qdisc show dev eth0"
NOTE_OWN: Final = f"""
echo vpn0 > $HOST/{MADE}/devices
fixed > $HOST/{MADE}/neighbours
for dev in eth0 eth1; do shaper $dev > $HOST/{MADE}/qdisc.$dev; done
"""


@own_network.needs_net
@pytest.mark.parametrize("script", [GIVE_BACK, RESTORE])
@pytest.mark.parametrize("own", [NEIGHBOUR, QDISC, f"{NEIGHBOUR}; {QDISC}"])
def test_neighbours_and_qdiscs(
    host: Path, script: tuple[str, str], own: str
) -> None:
    """Those of before are kept and put back; others go."""
    lab = f"{OTHER}; {OTHER.replace('1.0.9', '1.0.8')}"
    lab += "; tc qdisc replace dev eth0 root handle 8: pfifo limit 8"

    before = _run(host, NET, own, SHOW)
    _run(host, NET, own, NOTE_OWN)
    steps = (NET, own, lab, "neighbours > /dev/null; qdiscs > /dev/null")
    assert _run(host, *steps, SHOW, script=script) == before

    again = ("neighbours; qdiscs", SHOW)
    assert _run(host, *steps, *again, script=script) == before


@pytest.mark.parametrize(
    ("own", "policies"),
    [
        ("", ["INPUT ACCEPT", "FORWARD ACCEPT"]),
        (
            "INPUT DROP\nFORWARD ACCEPT\nOUTPUT DROP\n",
            ["FORWARD ACCEPT", "OUTPUT DROP"],
        ),
    ],
)
def test_policies(host: Path, own: str, policies: list[str]) -> None:
    """A container's let all through; a host's are what they were."""
    if own:
        (host / MADE / "policies").write_text(own)
    _tables(
        host,
        ":INPUT DROP [0:0]",
        ":FORWARD DROP [1:9]",
        ":OUTPUT ACCEPT [0:0]",
    )

    assert _run(host, "rules", script=RESTORE, net=False) == [
        f"-w -P {policy}" for policy in policies
    ]


def test_rules(host: Path) -> None:
    """What a fault or a student added goes, whatever stands in its comment."""
    own = "-A INPUT -s 10.9.0.0/16 -j DROP"
    (host / MADE / "rules").write_text(f"{own}\n")
    added = r"""-A INPUT -m comment --comment "a \"b\" \x" -j DROP"""
    of_nat = "-A PREROUTING -d 192.0.2.1/32 -j DNAT --to-destination 10.1.0.1"
    _tables(
        host,
        *(":INPUT ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]"),
        *(":OUTPUT ACCEPT [0:0]", own, added, "-A INPUT -j KUBE-FIREWALL"),
        *("-A KUBE-FIREWALL -j DROP", "COMMIT", "*nat", of_nat),
        "-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT",
    )

    said = _run(host, "rules", script=RESTORE, net=False)
    assert [line for line in said if line.startswith("-w")] == [
        r"""-w -t filter -D INPUT -m comment --comment a "b" \x -j DROP""",
        f"-w -t nat -D {of_nat.removeprefix('-A ')}",
    ]


def _tables(host: Path, *lines: str) -> None:
    """Have iptables know these lines, of the table `filter` first."""
    text = "\n".join(["# a comment", "*filter", *lines, "COMMIT"])
    (host / "tables").write_text(f"{text}\n")
    _stub(host, "iptables-save", f"cat {host}/tables")
    _stub(host, "iptables", 'echo "$*"')


LOG: Final = """\
Selecting previously unselected package frr.
Preparing to unpack .../frr_8.4_amd64.deb ...
Unpacking frr (8.4) ...
Unpacking libc6:amd64 (2.36-9) over (2.36-8) ...
Selecting previously unselected package libyang2:amd64.\r
Selecting previously unselected package jq.\r
Setting up others (1.0) ...
"""


def test_packages_that_the_lab_brought(host: Path) -> None:
    """An apt that was cut off counts, and what others installed does not."""
    own = host / OWN
    (own / "apt.log").write_text(LOG, newline="")
    (own / "packages").write_text("libc6:amd64\n")
    there = "frr libc6:amd64 libyang2:amd64 others"
    conf = host / "etc/frr/frr.conf"
    conf.parent.mkdir()
    conf.write_text("the host's own")
    conf.chmod(0o604)
    (own / "present").write_text("etc/frr/frr.conf\n")
    _stub(host, "dpkg-query", f"printf '%s\\n' {there}")
    _stub(host, "apt-get", f'rm -r {conf.parent}; echo "$@" > {host}/asked')
    note = f"""
    cd $HOST
    find etc -type f -printf '%m %U %G %p\\n' > $OWN/modes
    chmod 640 {conf}
    """

    assert _run(host, note, "packages", net=False) == []

    asked = (host / "asked").read_text().split()
    assert asked[0] == "purge"
    assert asked[-2:] == ["frr", "libyang2:amd64"]
    assert "others" not in asked
    assert conf.read_text() == "the host's own"
    assert conf.stat().st_mode & 0o777 == 0o604


def test_nothing_was_installed(host: Path) -> None:
    """Then no package goes."""
    _stub(host, "apt-get", "echo asked >&2; exit 1")

    assert _run(host, "packages", net=False) == []


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("E: Could not get lock /var/lib/apt/lists/lock.", 2),
        ("E: Failed to fetch http://packages.example/", 1),
    ],
)
def test_lists_of_packages(host: Path, said: str, asked: int) -> None:
    """Who holds their lock is waited for; what fails otherwise is told."""
    times = host / "times"
    many = f"echo {said}; echo >> {times}; [ $(wc -l < {times}) -gt 1 ]"
    _stub(host, "apt-get", many)
    _stub(host, "sleep", "")

    told = _run(host, "lists || :", script=TAKE, net=False)

    assert told == [said]
    assert times.read_text() == "\n" * asked


def test_a_host_that_cloud_init_still_makes(host: Path) -> None:
    """It is waited for, whatever that comes to; without one nothing is."""
    _stub(host, "timeout", f'echo "$@" > {host}/asked; exit 2')

    there = "command() { :; }"
    _run(host, f"{there}; settled", script=TAKE, net=False)

    asked = (host / "asked").read_text()
    assert asked == "300 cloud-init status --wait\n"


@pytest.mark.parametrize(
    ("role", "ended"),
    [
        ("router", ""),
        ("client", ""),
        ("dhcp", "dnsmasq"),
        ("desk", "busybox"),
    ],
)
def test_whose_processes_end(host: Path, role: str, ended: str) -> None:
    """Those that a lab's machine runs, by their whole command line."""
    (host / "etc/default").mkdir()
    (host / "etc/default/metallb-lab-machine").write_text(f"ROLE={role}\n")
    for name in ("systemctl", "ip", "pgrep"):
        _stub(host, name, "exit 1")
    _stub(host, "pkill", f'echo "$@" >> {host}/asked')
    (host / "asked").touch()

    _run(host, "machine || :", net=False)

    lines = (host / "asked").read_text().splitlines()
    assert bool(lines) == bool(ended)
    assert all(line.startswith(f"-KILL -f ^{ended} ") for line in lines)
