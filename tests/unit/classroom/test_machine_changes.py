"""What a student has changed on machines, as commands for another one."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from graders.classroom import machine_changes as module
from graders.classroom.machine_changes import machine_changes
from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.providers.machine import Machine, Output

if TYPE_CHECKING:
    from pathlib import Path

    from graders.state.baseline import Baseline

PLAN = make_plan()
_START: dict[str, str] = {
    "kernel settings": "net/ipv4/ip_forward:1\nnet/ipv4/x:0",
    "routes": "default via 10.0.0.1 dev eth0",
    "configuration": "a\nb",
    "leases": "02:42 10.0.0.9 desk\n02:43 10.0.0.7 printer",
}
_WRITTEN = (
    "mkdir -p /etc/frr && cat > /etc/frr/frr.conf <<'END_'\n"
    "router bgp 64512\nEND\nend\nEND_"
)
RESTART = "/usr/lib/frr/frrinit.sh restart"


class Lab:
    """Machines as they are now: settings, and what commands print there.

    A command that is not known is run on this computer.
    """

    def __init__(self) -> None:
        """Be at the start."""
        roles = (*PLAN.machines, *PLAN.nodes)
        self.now = {role: dict(_START) for role in roles}
        self.printed: dict[str, str] = {}
        self.silent = ""

    def read(self, _: object, role: str) -> dict[str, str]:
        """Return the settings of a machine."""
        if role == self.silent:
            raise CannotCheck(f"{role} is paused")
        return self.now[role]

    def run(self, machine: Machine, *argv: str) -> Output:
        """Print what is known of a command."""
        for words, text in self.printed.items():
            if words in argv[-1]:
                return Output(machine.role, 0, text, "")
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        return Output(machine.role, 0, done.stdout, "")

    def changes(self) -> tuple[dict[str, list[str]], list[str]]:
        """Return the commands, and what could not be compared."""
        roles = (*PLAN.machines, *PLAN.nodes)
        recorded: Baseline = {"": {}} | dict.fromkeys(roles, _START)
        problems: list[str] = []
        return machine_changes(PLAN, recorded, problems), problems


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Return the machines of a lab."""
    lab = Lab()
    monkeypatch.setattr(module, "read_settings", lab.read)

    def run(machine: Machine, *argv: str, **_: object) -> Output:
        return lab.run(machine, *argv)

    monkeypatch.setattr(Machine, "run", run)
    return lab


def test_nothing(lab: Lab) -> None:
    """A lab at its start needs no commands."""
    assert lab.changes() == ({}, [])


def test_settings(lab: Lab) -> None:
    """Each machine has the commands for what differs on it."""
    lab.now["client"]["routes"] = ""
    lab.now["worker"]["kernel settings"] = (
        "net/ipv4/ip_forward:0\nnet/ipv4/x:0"
    )

    assert lab.changes() == (
        {
            "client": ["ip route delete default via 10.0.0.1 dev eth0"],
            "worker": ["echo 0 > /proc/sys/net/ipv4/ip_forward"],
        },
        [],
    )


def test_silent(lab: Lab) -> None:
    """A machine that does not answer is named, and the others are compared."""
    lab.silent = "router"
    lab.now["client"]["routes"] = ""

    changes, problems = lab.changes()

    assert [*changes] == ["client"]
    assert problems == ["router was not compared: router is paused"]


def test_router(lab: Lab) -> None:
    """FRR gets the configuration that it runs with, and starts once."""
    lab.now["router"]["configuration"] = "a\nc"
    lab.now["router"]["processes"] = "/usr/lib/frr/bgpd -d"
    lab.printed["show running-config"] = "router bgp 64512\nEND\nend\n"

    changes, _ = lab.changes()

    assert changes == {
        "router": [
            _WRITTEN,
            "chown frr:frr /etc/frr/frr.conf; chmod 640 /etc/frr/frr.conf",
            RESTART,
        ]
    }


def test_dhcp(lab: Lab) -> None:
    """A new DHCP server's configuration needs a restart, and a new lease."""
    lab.now["dhcp"]["configuration"] = "a\nc"
    lab.printed["cat /etc/dnsmasq.conf"] = "dhcp-range=1\n"

    changes, _ = lab.changes()

    assert changes["dhcp"] == [
        "mkdir -p /etc && cat > /etc/dnsmasq.conf <<'END'\ndhcp-range=1\nEND",
        "dhcp-restart",
    ]
    (command,) = changes["desk"]
    assert command.startswith("pkill -USR1 -f 'busybox udhcpc'; for ")
    assert "grep -qF 10.0.0.9/ ||" in command


def test_filters(lab: Lab) -> None:
    """Rules are added in the order in which the machine has them."""
    lab.now["worker"]["packet filter"] = (
        "filter -A INPUT -j DROP\nfilter -A INPUT -p tcp -j ACCEPT\n"
        "filter -A OUTPUT -j DROP"
    )
    lab.printed["iptables-save"] = (
        "*filter\n-A INPUT -p tcp -j ACCEPT\n-A INPUT -j DROP\nCOMMIT\n"
        "=-=-=\n*filter\n-A OUTPUT -j DROP\n"
    )

    changes, _ = lab.changes()

    assert changes["worker"] == [
        "iptables -t filter -A INPUT -p tcp -j ACCEPT",
        "iptables -t filter -A INPUT -j DROP",
        "arptables-nft -t filter -A OUTPUT -j DROP",
    ]


def test_tables(lab: Lab) -> None:
    """Tables of nft are written as they are listed, or removed."""
    lab.now["router"]["tables of nft"] = (
        "table ip mine\nchain ip mine a\ntable ip gone"
    )
    lab.printed["nft list table"] = "=-=-=\ntable ip mine {\n}\n"

    changes, _ = lab.changes()

    assert changes["router"] == [
        "nft delete table ip gone 2> /dev/null || true",
        "nft delete table ip mine 2> /dev/null || true",
        "nft -f - <<'END'\ntable ip mine {\n}\nEND",
    ]


def test_files(lab: Lab, tmp_path: Path) -> None:
    """Files are written, linked and removed, with their modes."""
    here = tmp_path / "usr" / "local"
    here.mkdir(parents=True)
    (here / "text").write_text("a\nEND\n\n$x `y`\n")
    (here / "text").chmod(0o755)
    (here / "empty").touch()
    (here / "binary").write_bytes(b"\0\xff\n")
    (here / "link").symlink_to("text")
    (here / "large").write_text("x" * 100_000)
    (here / "secret.key").write_text("x")
    names = ("text", "empty", "binary", "link", "large", "secret.key", "gone")
    lab.now["desk"]["files"] = "\n".join(
        f"644  {here}/{name}" for name in names
    )

    changes, _ = lab.changes()

    commands = changes["desk"]
    assert f"# {here}/large is too large to be handed in" in commands
    assert not any("secret" in command for command in commands)
    before = {one: one.read_bytes() for one in here.iterdir()}
    for name in ("text", "empty", "binary", "link"):
        (here / name).unlink()
    (here / "gone").touch()
    for command in commands:
        subprocess.run(["sh", "-e", "-c", command], check=True)
    assert {one: one.read_bytes() for one in here.iterdir()} == before
    assert (here / "text").stat().st_mode & 0o777 == 0o755
    assert (here / "link").is_symlink()


def test_files_of_daemons(lab: Lab) -> None:
    """Daemons whose files were changed are restarted."""
    lab.now["router"]["files"] = "640  /etc/frr/daemons-of-nobody"
    lab.now["worker"]["files"] = (
        "644  /etc/systemd/system/x.service\n1 2 /var/lib/kubelet/none.yaml\n"
        "600  /etc/shadow\n640  /etc/kubernetes/admin.conf"
    )
    lab.now["worker2"]["programs"] = "1 2"
    lab.now["client"]["files"] = (
        "777 /x /etc/systemd/system/multi-user.target.wants/bad.service"
    )

    changes, _ = lab.changes()

    assert changes["router"] == ["rm -f /etc/frr/daemons-of-nobody", RESTART]
    assert changes["worker"] == [
        "rm -f /etc/systemd/system/x.service",
        "rm -f /var/lib/kubelet/none.yaml",
        "systemctl daemon-reload",
        "systemctl restart kubelet",
    ]
    assert changes["client"] == [
        "systemctl disable --now bad.service",
        "systemctl daemon-reload",
    ]
    assert changes["worker2"] == ["# programs of the system were changed"]
