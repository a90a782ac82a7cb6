"""A host tells by which MAC the DHCP server knows it."""

from __future__ import annotations

import json
import subprocess
from typing import Final

import pytest

from graders.settings import ANSIBLE
from tests import own_network

SCRIPT: Final = (
    ANSIBLE / "roles" / "network_hosts" / "files" / "lan_mac.sh"
).read_text(encoding="utf-8")
ETH0: Final = """
ip link add eth0 address 02:00:00:00:00:05 type veth peer name other
"""
# What newer kernels show of a real card whose MAC was changed.
CHANGED: Final = """
ip() {
  echo '2: eth0: <UP> mtu 1500'
  echo '    link/ether 02:00:00:00:00:99 brd ff permaddr 02:00:00:00:00:05'
}
"""


@own_network.needs_net
@pytest.mark.parametrize("before", [ETH0, CHANGED])
def test_mac(before: str) -> None:
    """It is the card's own, whatever a student made of it."""
    done = subprocess.run(
        [*own_network.NET, "sh", "-c", f"{before}{SCRIPT}"],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "ROLE": "desk"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout) == {
        "role": "desk",
        "mac": "02:00:00:00:00:05",
    }
