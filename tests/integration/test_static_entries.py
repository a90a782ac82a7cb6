"""Static entries of a real kernel, in a network of a test's own."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

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

# What is typed, and what is found of it.
ENTRIES: Final = (
    (
        "ip address add 172.18.255.200/32 dev lo",
        "address: lo inet 172.18.255.200/32 scope global lo",
    ),
    (
        f"ip neighbour replace 172.18.255.201 lladdr {MAC} dev eth0",
        f"neighbour: 172.18.255.201 dev eth0 lladdr {MAC} PERMANENT",
    ),
    (
        f"ip neighbour replace 172.18.255.202 lladdr {MAC} dev eth0 nud noarp",
        f"neighbour: 172.18.255.202 dev eth0 lladdr {MAC} NOARP",
    ),
    (
        f"ip neigh replace 172.18.255.203 lladdr {MAC} dev eth0 extern_learn",
        f"neighbour: 172.18.255.203 dev eth0 lladdr {MAC} extern_learn ",
    ),
    (
        "ip neighbour add proxy 172.18.255.204 dev eth0",
        "proxy: 172.18.255.204 dev eth0 proxy",
    ),
    (
        "ip route add local 172.18.255.205 dev lo",
        "route: local 172.18.255.205 dev lo table local",
    ),
    (
        "ip route add 172.18.255.206 via 172.18.1.4 proto bgp",
        "route: 172.18.255.206 via 172.18.1.4 dev eth0 proto bgp",
    ),
    (
        "ip route add 172.18.255.208/30 via 172.18.1.4 proto kernel",
        "route: 172.18.255.208/30 via 172.18.1.4 dev eth0 proto kernel",
    ),
    (
        "ip route add blackhole 172.18.255.212",
        "route: blackhole 172.18.255.212",
    ),
    (
        "ip route add default via 172.18.1.4 table 7",
        "route: default via 172.18.1.4 dev eth0 table 7",
    ),
    (
        "ip rule add to 172.18.255.213 lookup 7",
        "rule: from all to 172.18.255.213 lookup 7",
    ),
    (
        "sysctl -q net.ipv4.conf.eth0.proxy_arp_pvlan=1",
        "setting: net.ipv4.conf.eth0.proxy_arp_pvlan = 1",
    ),
)


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
def test_entries_of_each_kind() -> None:
    """They are shown as `ip` prints them."""
    lines, texts = zip(*ENTRIES, strict=True)

    found = [f"{kind}: {text}" for kind, text in _entries("\n".join(lines))]

    assert {
        text
        for text in texts
        if not any(one.startswith(text) for one in found)
    } == set()
    assert len(found) == len(texts)
