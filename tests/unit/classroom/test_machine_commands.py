"""Commands for settings that a test cannot change for real."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.classroom.machine_commands import COMMANDS
from tests.fuzzing import FUZZ, damaged

_PRINTED = (
    "eth0 BROADCAST,UP mtu 1500",
    "eth0    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0\\",
    "10.0.0.9 dev eth0 lladdr 2:0:0:0:0:7 PERMANENT",
    "10.8.0.0/24 via 10.1.0.7 dev eth0",
    "100:\tfrom all lookup 100",
    "filter -A INPUT -j DROP",
    "filter FORWARD DROP",
    "qdisc netem 1: dev eth0 root limit 10p",
    "net/ipv4/ip_forward:1",
)


@pytest.mark.parametrize(
    ("name", "gone", "new", "commands"),
    [
        (
            "processes",
            ["rogue --on [eth0]"],
            ["/usr/lib/frr/bgpd -d", "/usr/lib/frr/zebra", "sleep 9"],
            [
                r"pkill -x -f -- 'rogue --on \[eth0\]'",
                "/usr/lib/frr/frrinit.sh restart",
                "# was started: sleep 9",
            ],
        ),
        (
            "network namespaces",
            ["old"],
            ["new"],
            ["ip netns delete old", "# network namespace new was added"],
        ),
        (
            "programs of XDP",
            ["eth0", "xdp/id"],
            ["--", "eth1", "xdpgeneric/id"],
            [
                "ip link set dev eth0 xdp off",
                "# a program of XDP was added to eth1",
            ],
        ),
        (
            "policy routing",
            ["1000:\tfrom all lookup [l3mdev-table]"],
            ["9:\tfrom all iif gone [detached] lookup 7"],
            [
                "ip rule delete preference 1000 from all l3mdev",
                "ip rule add preference 9 from all iif gone lookup 7",
            ],
        ),
        (
            "policy routing",
            [],
            [
                "local 1.2.3.4 dev eth0 table local proto kernel scope host",
                "local 1.2.3.4 dev lo table local proto kernel",
            ],
            ["ip route replace local 1.2.3.4 dev lo table local proto kernel"],
        ),
        ("routes", [], ["10.1.0.0/24 nhid 7 via 1.2.3.4 proto bgp"], []),
        (
            "routes",
            [],
            ["10.1.0.0/24 \\ nexthop via 1.1 linkdown \\ nexthop via 2"],
            ["ip route replace 10.1.0.0/24 nexthop via 1.1 nexthop via 2"],
        ),
        (
            "interfaces",
            ["eth0 BROADCAST,UP mtu 1500", "old UP mtu 1"],
            ["eth0 BROADCAST,PROMISC mtu 1500", "new UP mtu 1"],
            [
                "ip link delete old",
                "# interface new was added",
                "ip link set dev eth0 promisc on",
                "ip link set dev eth0 down",
            ],
        ),
    ],
)
def test_commands(
    name: str, gone: list[str], new: list[str], commands: list[str]
) -> None:
    """What is gone is removed, what is new is made or told."""
    assert [*COMMANDS[name](gone, new)] == commands


@pytest.mark.parametrize("name", COMMANDS)
@given(st.lists(damaged(*_PRINTED)), st.lists(damaged(*_PRINTED)))
@FUZZ
def test_any_lines(name: str, gone: list[str], new: list[str]) -> None:
    """Whatever a machine prints, there are commands, or none."""
    assert all(isinstance(one, str) for one in COMMANDS[name](gone, new))
