"""A host finds who is on its LAN, in a network of the test's own."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from graders.doctor.facts import parse
from graders.doctor.segment import SCRIPT
from tests import own_network

# The other end of a cable, in the same network: it answers for its addresses.
NET: Final = """
ip link set lo up
ip link add eth0 type veth peer name other
ip link set eth0 up
ip link set other up address 02:00:00:00:00:99
ip address add 10.1.0.9/24 dev other
"""
# It offers a lease to everyone, and tells when it can.
SERVER: Final = """
import socket
ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ours.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
ours.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"other")
ours.bind(("", 67))
print("ready", flush=True)
request = ours.recv(2000)
assert request[236:243].hex() == "63825363350101"
ours.sendto(b"\\2" + request[1:], ("255.255.255.255", 68))
"""
ASK: Final = """
{ "$0" -c "$2" & } | { read -r _; perl -e "$1" eth0 3 10.1.0.8 10.1.0.9; }
"""


@own_network.needs_net
def test_who_answers() -> None:
    """A DHCP server and the owner of an address are found, with their MACs."""
    script = SCRIPT.read_text(encoding="utf-8")
    done = subprocess.run(
        [
            *(*own_network.NET, "sh", "-c", f"{NET}{ASK}"),
            *(sys.executable, script, SERVER),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    facts = parse(done.stdout)
    assert facts.values["segment"] == "asked"
    assert sorted(
        (it.protocol, it.address, it.mac) for it in facts.answers
    ) == [
        ("arp", "10.1.0.9", "02:00:00:00:00:99"),
        ("dhcp", "10.1.0.9", "02:00:00:00:00:99"),
    ]


def test_no_interface() -> None:
    """It says so, and not that nobody answers."""
    done = subprocess.run(
        ["perl", SCRIPT, "nowhere9", "1"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "segment=asked" not in done.stdout
