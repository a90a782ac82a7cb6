"""A network of a test's own, where the kernel lets one have it."""

from __future__ import annotations

import subprocess
from typing import Final

import pytest

NET: Final = ("unshare", "-rn")
# A host on the LAN that has another network, too.
TWO_NETWORKS: Final = """
for dev in eth0 mgmt0; do
  ip link add $dev type veth peer name at-$dev
  ip link set $dev up
  ip link set at-$dev up
done
ip address add 10.1.0.1/24 dev eth0
ip address add 10.2.0.1/24 dev mgmt0
"""
# As prepare.sh records it.
RECORD: Final = """
printf '%s\\n' mgmt0 at-mgmt0 at-eth0 > $MADE/devices
ip -4 -o address show | awk '{ print $4 }' > $MADE/addresses
ip -4 -o route show | sed 's/ *$//' > $MADE/routes
"""
_CAN: Final = subprocess.run(
    [*NET, "ip", "link", "add", "eth0", "type", "veth"],
    capture_output=True,
    check=False,
)
needs_net = pytest.mark.skipif(
    _CAN.returncode != 0, reason="no network of one's own here"
)
