"""How machines whose interfaces have other names get those of the plan."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from graders.settings import ANSIBLE
from tests import own_network

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT: Final = ANSIBLE / "hosts" / "interfaces.sh"
LAN: Final = "eth0,02:4d:0a:00:01:02,10.0.1.2/24"
EDGE: Final = "eth1,02:4d:0a:00:02:02,10.0.2.2/24"
# As a hypervisor has them: its own interface comes first.
BOX: Final = """
at() { ip link add $1 type veth peer name at-$1; ip link set $1 address $2; }
at eth0 52:54:00:00:00:01; at eth1 02:4d:0a:00:01:02; at eth2 02:4d:0a:00:02:02
"""
SEE: Final = """
ip -br link show | sed 's/[@ ].*//' | grep -v -e '^at-' -e '^lo$' | sort | \
while read -r name; do
  echo $name $(ip -br -4 address show dev $name | awk '{ print $3 }')
done
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Return what stands for the root folder of a machine."""
    for name in (
        *("etc/network", "etc/netplan", "etc/systemd/system"),
        *("etc/systemd/network", "usr/local/sbin", "bin"),
    ):
        (tmp_path / name).mkdir(parents=True)
    for name in ("systemctl", "udevadm"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


def _run(machine: Path, *lines: str) -> subprocess.CompletedProcess[str]:
    """Type lines in a network of its own; `start` runs what a start does."""
    script = machine / "interfaces.sh"
    text = SCRIPT.read_text(encoding="utf-8")
    for folder in ("/etc/", "/usr/local/"):
        text = text.replace(folder, f"{machine}{folder}")
    script.write_text(text.replace("PATH=/usr", f"PATH={machine}/bin:/usr"))
    begin = f"""
    PATH={machine}/bin:/usr/sbin:/usr/bin:/sbin:/bin
    asked() {{ sh {script} "$@"; }}
    start() {{ {machine}/usr/local/sbin/metallb-lab-interfaces; }}
    """
    return subprocess.run(
        [*own_network.NET, "sh", "-c", "\n".join([begin, BOX, *lines])],
        capture_output=True,
        text=True,
        check=False,
    )


@own_network.needs_net
@pytest.mark.parametrize("starts", [1, 2])
def test_names_and_addresses_are_the_plan_s(
    machine: Path, starts: int
) -> None:
    """Those that have to change places do, and it can be said again."""
    wanted = f"asked {LAN} {EDGE}"
    done = _run(machine, wanted, *["start"] * starts, wanted, "start", SEE)

    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "eth0 10.0.1.2/24",
        "eth1 10.0.2.2/24",
        # Nothing of the lab's: its address is its maker's business.
        "mgmt0",
    ]


@own_network.needs_net
def test_a_machine_without_such_names(machine: Path) -> None:
    """Its own interface keeps its name, and its settings stay."""
    others = "for at in 0 1 2; do ip link set eth$at name enp${at}s0; done"
    (machine / "etc/netplan/50.yaml").write_text("enp0s0: {dhcp4: true}\n")

    done = _run(machine, others, f"asked {LAN} {EDGE}", "start", SEE)

    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "enp0s0",
        "eth0 10.0.1.2/24",
        "eth1 10.0.2.2/24",
    ]
    text = (machine / "etc/netplan/50.yaml").read_text(encoding="utf-8")
    assert text == "enp0s0: {dhcp4: true}\n"


@own_network.needs_net
def test_settings_follow_the_machine_s_own_interface(machine: Path) -> None:
    """Or it would ask for a lease on the lab's LAN at the next start."""
    ifupdown = machine / "etc/network/interfaces"
    ifupdown.write_text("allow-hotplug eth0\niface eth0 inet dhcp\n# eth01\n")
    netplan = machine / "etc/netplan/50.yaml"
    netplan.write_text("eth0: {set-name: eth0}\n")

    done = _run(machine, f"asked {LAN} {EDGE}")

    assert done.stderr == ""
    assert ifupdown.read_text(encoding="utf-8") == (
        "auto mgmt0\niface mgmt0 inet dhcp\n# eth01\n"
    )
    assert netplan.read_text(encoding="utf-8") == "mgmt0: {set-name: mgmt0}\n"


@own_network.needs_net
def test_an_interface_that_is_not_there(machine: Path) -> None:
    """It is told, and the other one is there all the same."""
    done = _run(
        machine, "ip link del eth2", f"asked {LAN} {EDGE}", "start", SEE
    )

    assert "no interface has 02:4d:0a:00:02:02" in done.stderr
    assert "eth0 10.0.1.2/24" in done.stdout.splitlines()


@own_network.needs_net
@pytest.mark.parametrize(
    "given",
    ["", "eth0", f"{LAN} worker", "eth0,02:4D:0a:00:01:02,10.0.1.2/24"],
)
def test_what_is_no_interface(machine: Path, given: str) -> None:
    """It is refused before anything is changed."""
    done = _run(machine, f"asked {given} || echo $?")

    assert done.stdout == "2\n"
    assert "expected NAME,MAC,ADDRESS/LENGTH" in done.stderr
    assert not (machine / "etc/metallb-lab-interfaces").exists()
