"""Static entries of a real kernel, in a network of a test's own."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from graders.probes.static_entries import static_entries
from graders.providers.docker import DockerExec
from graders.providers.machine import Machine, Output
from tests import own_network

if TYPE_CHECKING:
    from graders.probes.static_entries import Kind

MAC: Final = "02:42:ac:12:01:03"
NODE: Final = """
ip link add eth0 type veth peer name other
ip link set lo up; ip link set other up; ip link set eth0 up
ip address add 172.18.1.3/16 dev eth0
ip route add 10.90.0.0/24 via 172.18.1.2
ip neighbour replace 172.18.1.2 lladdr 02:42:ac:12:01:02 dev eth0 nud stale
"""


@dataclass(frozen=True)
class Node(Machine):
    """A node with `lines` typed before."""

    lines: str = ""

    def run(self, *argv: str, seconds: float = 20, stdin: str = "") -> Output:
        """Run a script in a network of its own."""
        del stdin
        done = subprocess.run(
            [*own_network.NET, "sh", "-c", f"{NODE}{self.lines}\n{argv[-1]}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
        assert not done.stderr
        return Output("sh", done.returncode, done.stdout, done.stderr)


def _entries(lines: str = "") -> list[tuple[Kind, str]]:
    """Return the entries of a node in kind and text, but for its own."""
    node = Node("worker", DockerExec("metallb-lab-worker"), lines)
    return [
        (entry.kind, entry.text)
        for entry in static_entries(node)
        if not entry.text.startswith(
            ("lo inet 127.", "eth0 inet 172.18.1.3", "10.90.0.0/24 via")
        )
    ]


@own_network.needs_net
def test_a_machine_as_it_starts() -> None:
    """Neither its routes nor its neighbours are anybody's work."""
    assert _entries() == []


@own_network.needs_net
@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        ("ip address add VIP/32 dev lo", "address", "lo inet VIP/32 "),
        *(
            (
                f"ip neighbour replace VIP lladdr {MAC} dev eth0 {state}",
                "neighbour",
                f"VIP dev eth0 lladdr {MAC} ",
            )
            for state in (
                "nud permanent",
                "nud noarp",
                "nud reachable extern_learn",
            )
        ),
        ("ip neighbour add proxy VIP dev eth0", "proxy", "VIP dev eth0 proxy"),
        ("ip route add local VIP dev lo", "route", "local VIP dev lo table"),
        ("ip route add VIP via 172.18.1.4", "route", "VIP via 172.18.1.4 "),
        (
            "ip route add VIP/30 proto kernel nexthop via 172.18.1.4",
            "route",
            "VIP/30 via 172.18.1.4 dev eth0 proto kernel",
        ),
        ("ip route add blackhole VIP", "route", "blackhole VIP"),
        (
            "ip route add default via 172.18.1.4 table 7",
            "route",
            "default via 172.18.1.4 dev eth0 table 7",
        ),
        ("ip rule add to VIP lookup 7", "rule", "from all to VIP lookup 7"),
        (
            "sysctl -q net.ipv4.conf.eth0.proxy_arp_pvlan=1",
            "setting",
            "net.ipv4.conf.eth0.proxy_arp_pvlan = 1",
        ),
    ],
)
def test_an_entry_of_each_kind(line: str, kind: Kind, words: str) -> None:
    """It is shown as `ip` prints it."""
    vip = "172.18.255.220"
    ((found, text),) = _entries(line.replace("VIP", vip))

    assert found == kind
    assert text.startswith(words.replace("VIP", vip))
