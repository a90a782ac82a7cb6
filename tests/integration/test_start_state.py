"""What the start state has of a machine is found changed, and restored."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from graders.settings import ANSIBLE
from graders.state.start_state import READINGS, SYSCTLS, Reading
from tests import own_network

if TYPE_CHECKING:
    from pathlib import Path

RESTORE: Final = ANSIBLE / "roles" / "lab" / "files" / "restore.sh"
LIBRARY: Final = ANSIBLE / "files" / "lib" / "network_state.sh"
BY_NAME: Final = {row.name: row for row in READINGS}
NET: Final = """
ip link set lo up
ip link add eth0 type veth peer name other
ip link set other up
ip link set eth0 up
ip address add 10.1.0.1/24 dev eth0
"""
CHANGES: Final = [
    ("addresses", "ip address add 10.1.0.9/24 dev eth0"),
    ("addresses", "ip address add 10.1.255.7/32 dev lo"),
    ("routes", "ip route add 10.8.0.0/24 via 10.1.0.7"),
    ("routes", "ip route add blackhole 10.8.0.0/24"),
    ("routes", "ip route del 10.90.0.0/24"),
    ("policy routing", "ip rule add to 10.9.0.0/24 lookup 100"),
    ("policy routing", "ip rule del lookup default"),
    ("policy routing", "ip route add 10.9.0.0/24 dev eth0 table 100"),
    ("policy routing", "ip route add local 10.9.0.9 dev lo"),
    (
        "neighbours",
        "ip neigh add 10.1.0.7 dev eth0 lladdr 2:0:0:0:0:7 nud permanent",
    ),
    ("packet filter", "iptables -A INPUT -p tcp --dport 80 -j DROP"),
    ("packet filter", "iptables -t mangle -A PREROUTING -j MARK --set-mark 1"),
    ("packet filter", "iptables -P FORWARD DROP"),
    ("traffic control", "tc qdisc add dev eth0 root pfifo limit 10"),
    ("traffic control", "tc qdisc add dev eth0 clsact"),
    *(
        ("kernel settings", f"sysctl -q -w {key}=$((1 - $(sysctl -n {key})))")
        for key in SYSCTLS
    ),
]
# These need FRR and dnsmasq, which are only on machines of a lab.
_ON_MACHINES: Final = {"configuration", "leases"}
_CUT: Final = "=-=-="
_MAIN: Final = "\nmkdir -p $MADE\n"


def _functions(made: Path) -> str:
    functions, found, _ = RESTORE.read_text("utf-8").partition(_MAIN)
    assert found
    text = LIBRARY.read_text("utf-8") + functions
    return (
        "ROLE=router KEEP=10.1.0.1/24 EDGE=10.90.0.0/24 ROUTER=10.1.0.2\n"
        + text.replace("\nMADE=/var/lib/lab-made\n", f"\nMADE={made}\n")
    )


def _steps(row: Reading, change: str) -> str:
    """Restore, read, change, read, restore, and read again."""
    restore = "; ".join(f"{name} > /dev/null" for name in row.restored_by)
    read = f"{row.command}; echo {_CUT}"
    # A machine's first reset finds it as it was created. The router has its
    # way to the edge from its interface.
    return f"""
kernel > /dev/null; policy_routing > /dev/null
ROLE=worker; way_to_edge > /dev/null
{read}
{change}
echo $?
{read}
{restore}
{read}
"""


@own_network.needs_net
@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_changed_and_restored(tmp_path: Path, name: str, change: str) -> None:
    """A change is a difference, and none after the reset."""
    row = BY_NAME[name]
    done = subprocess.run(
        [
            *own_network.NET,
            *("sh", "-c"),
            f"{NET}{_functions(tmp_path)}\n{_steps(row, change)}",
        ],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    before, changed, after, _ = done.stdout.split(f"{_CUT}\n")
    code, *lines = changed.splitlines()
    if code != "0":
        pytest.skip(f"not in a namespace of this kernel: {change}")

    at_start, at_end = (
        sorted(row.normalise(part.splitlines())) for part in (before, after)
    )
    assert sorted(row.normalise(lines)) != at_start, done.stderr
    assert at_end == at_start, done.stderr


def test_each_reading_is_changed() -> None:
    """No row is left out above, but for what only machines have."""
    assert {name for name, _ in CHANGES} | _ON_MACHINES == BY_NAME.keys()


def test_each_reading_is_restored() -> None:
    """Rows name functions of the script, and it runs no others."""
    functions, found, main = RESTORE.read_text("utf-8").partition(_MAIN)
    assert found
    functions += LIBRARY.read_text("utf-8")
    called = {
        name
        for name in re.findall(r"^(\w+)\(\)", functions, re.MULTILINE)
        if re.search(rf"(^| ){name}( |$)", main, re.MULTILINE)
    }
    restored = {name for row in READINGS for name in row.restored_by}

    # The desk's lease changes by itself, and so do connections.
    assert called == restored | {"desk", "dials"}
