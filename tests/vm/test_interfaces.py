"""ansible/hosts/interfaces.sh on a box whose own interface is eth0."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Final

import pytest
import yaml

from graders.settings import ANSIBLE

from .making import BOOT_SECONDS, OUTSIDE, switch_on

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT: Final = ANSIBLE / "hosts" / "interfaces.sh"
LAN: Final = "eth0,02:4d:0a:00:01:02,10.0.1.2/24"
EDGE: Final = "eth1,02:4d:0a:00:03:02,10.0.3.2/24"
# Its own comes first, as a hypervisor has it; the lab's lead nowhere.
CARDS: Final = (
    *("-smp", "1", "-m", "768"),
    *OUTSIDE,
    *("-netdev", "hubport,hubid=1,id=lan"),
    *("-device", f"virtio-net-pci,netdev=lan,mac={LAN.split(',')[1]}"),
    *("-netdev", "hubport,hubid=2,id=edge"),
    *("-device", f"virtio-net-pci,netdev=edge,mac={EDGE.split(',')[1]}"),
)
SEE: Final = """#!/bin/sh
exec > /dev/ttyS0
echo SEEN; ip -br -4 address; ip -4 route show default; echo END
"""
# As Debian's boxes have it, instead of what the disk came with.
IFUPDOWN: Final = """
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  ifupdown isc-dhcp-client
rm -f /etc/netplan/*
systemctl disable systemd-networkd systemd-networkd.socket systemd-resolved
systemctl enable networking
printf '%s\n' 'auto lo' 'iface lo inet loopback' \
  'allow-hotplug eth0' 'iface eth0 inet dhcp' > /etc/network/interfaces
"""
SEEN: Final = re.compile(r"SEEN\n(.*?)END\n", re.DOTALL)


def _seeds(folder: Path, settings: str) -> Path:
    """Write cloud-init's files: at its second start the box is named."""
    user = {
        "locale": "C.UTF-8",
        "write_files": [
            {
                "path": "/opt/interfaces.sh",
                "encoding": "b64",
                "content": b64encode(SCRIPT.read_bytes()).decode(),
            },
            {
                "path": "/var/lib/cloud/scripts/per-boot/see",
                "permissions": "0755",
                "content": SEE,
            },
        ],
        "runcmd": [
            ["sh", "-c", settings],
            ["sh", "/opt/interfaces.sh", LAN, EDGE],
            ["reboot"],
        ],
    }
    net = {"version": 2, "ethernets": {"eth0": {"dhcp4": True}}}
    meta = {"instance-id": "box", "local-hostname": "box"}
    (folder / "user-data").write_text(f"#cloud-config\n{yaml.dump(user)}")
    (folder / "meta-data").write_text(yaml.dump(meta))
    (folder / "network-config").write_text(yaml.dump(net))
    return folder


@pytest.mark.parametrize(
    "settings", ["", IFUPDOWN], ids=["networkd", "ifupdown"]
)
def test_names_change_places(
    image: Path, tmp_path: Path, settings: str
) -> None:
    """At its next start, and its own interface still has its lease."""
    seeds = _seeds(tmp_path, settings)
    box = switch_on(
        tmp_path / "box", image, seeds, *CARDS, kernel="net.ifnames=0"
    )
    try:
        deadline = time.monotonic() + BOOT_SECONDS
        while len(seen := SEEN.findall(box.said())) < 2:
            assert time.monotonic() < deadline, box.said()[-2000:]
            time.sleep(1)
    finally:
        box.switch_off()

    before, after = seen[:2]
    assert "eth0 UP 10.0.2.15/24" in re.sub(" +", " ", before)
    found = {
        name: address for name, _, address, *_ in map(str.split, _links(after))
    }
    assert found == {
        "lo": "127.0.0.1/8",
        "mgmt0": "10.0.2.15/24",
        "eth0": "10.0.1.2/24",
        "eth1": "10.0.3.2/24",
    }
    assert "default via 10.0.2.2 dev mgmt0" in after


def _links(seen: str) -> list[str]:
    return [line for line in seen.splitlines() if "default" not in line]
