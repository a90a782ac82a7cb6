"""A reset and `lab down` remove from a network what a lab added, and no more.

Those about interfaces run in a network of the test's own.
"""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from graders.settings import ANSIBLE
from tests import own_network
from tests.own_network import RECORD, TWO_NETWORKS

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT: Final = ANSIBLE / "files/lib/network_state.sh"
NET: Final = f"""
{TWO_NETWORKS}
ip neighbour add 10.2.0.9 dev mgmt0 lladdr 02:00:00:00:00:01 nud permanent
ip route add default via 10.2.0.254
"""
ADDED: Final = """
ip address add 10.1.0.77/32 dev eth0
ip address add 10.1.0.78/32 dev lo
ip neighbour add 10.1.0.9 dev eth0 lladdr 02:00:00:00:00:09 nud permanent
ip route add 10.8.0.0/24 via 10.1.0.9
ip route add blackhole 10.9.0.0/24
tc qdisc add dev eth0 root handle 8: pfifo limit 8
"""
SHOW: Final = """
ip -4 -o address show | awk '{ print $2, $4 }'
ip -4 -o route show
ip -4 neighbour show nud permanent
tc qdisc show dev eth0 | cut -d ' ' -f 1-3
"""


def _stub(folder: Path, name: str, text: str) -> None:
    """Replace a command."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)


def _run(folder: Path, *steps: str, net: bool = True) -> list[str]:
    """Run steps after the functions; return the lines that they print."""
    text = SCRIPT.read_text(encoding="utf-8")
    assert "\nMADE=/var/lib/lab-made\n" in text
    text = text.replace("\nMADE=/var/lib/lab-made\n", f"\nMADE={folder}\n")
    environment = "ROLE=desk KEEP= EDGE=10.90.0.0/24 ROUTER=10.1.0.2"
    return subprocess.run(
        [
            *(own_network.NET if net else ()),
            *("sh", "-c", "\n".join([environment, text, *steps])),
        ],
        env={"PATH": f"{folder}:/usr/sbin:/usr/bin:/sbin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    ).stdout.splitlines()


@own_network.needs_net
def test_what_a_lab_added_is_removed(tmp_path: Path) -> None:
    """The host's addresses, and all of its other networks, stay."""
    functions = "{ addresses; neighbours; routes; qdiscs; }"

    before = _run(tmp_path, NET, SHOW)
    after = _run(
        *(tmp_path, NET, RECORD, ADDED, f"{functions} > /dev/null"),
        f"{functions}; {SHOW}",
    )

    # A second time there is nothing to report.
    assert after == before


@own_network.needs_net
def test_the_way_to_the_edge_stays(tmp_path: Path) -> None:
    """A reset needs it; other routes next to it are removed."""
    way = "ip route add 10.90.0.0/24 via 10.1.0.2"

    before = _run(tmp_path, NET, way, SHOW)
    assert before == _run(
        *(tmp_path, NET, RECORD, way, "ip route add 10.8.0.0/24 via 10.1.0.2"),
        "routes > /dev/null",
        SHOW,
    )


@pytest.mark.parametrize(
    ("own", "policies"),
    [
        ("", ["INPUT ACCEPT", "FORWARD ACCEPT"]),
        (
            "INPUT DROP\nFORWARD ACCEPT\nOUTPUT DROP\n",
            ["FORWARD ACCEPT", "OUTPUT DROP"],
        ),
    ],
)
def test_policies(tmp_path: Path, own: str, policies: list[str]) -> None:
    """A container's let all through; the kit opens no host's firewall."""
    if own:
        (tmp_path / "policies").write_text(own)
    _tables(
        tmp_path,
        ":INPUT DROP [0:0]",
        ":FORWARD DROP [1:9]",
        ":OUTPUT ACCEPT [0:0]",
    )

    assert _run(tmp_path, "rules", net=False) == [
        f"-w -P {policy}" for policy in policies
    ]


def test_no_rules(tmp_path: Path) -> None:
    """No table is created for a policy that is in effect without one."""
    _stub(tmp_path, "iptables-save", "")
    _stub(tmp_path, "iptables", 'echo "$*"')

    assert _run(tmp_path, "rules", net=False) == []


def test_rules(tmp_path: Path) -> None:
    """Those of a fault or student are removed, whatever their comments."""
    own = "-A INPUT -s 10.9.0.0/16 -j DROP"
    (tmp_path / "rules").write_text(f"{own}\n")
    added = r"""-A INPUT -m comment --comment "a \"b\" \x" -j DROP"""
    of_nat = "-A PREROUTING -d 192.0.2.1/32 -j DNAT --to-destination 10.1.0.1"
    _tables(
        tmp_path,
        *(":INPUT ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]"),
        *(":OUTPUT ACCEPT [0:0]", own, added, "-A INPUT -j KUBE-FIREWALL"),
        *("-A KUBE-FIREWALL -j DROP", "COMMIT", "*nat", of_nat),
        "-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT",
    )

    said = _run(tmp_path, "rules", net=False)
    assert [line for line in said if line.startswith(("*", "-D"))] == [
        "*filter",
        added.replace("-A", "-D", 1),
        "*nat",
        of_nat.replace("-A", "-D", 1),
    ]


@own_network.needs_net
def test_no_comment_of_a_rule_is_a_command(tmp_path: Path) -> None:
    """A rule is removed whatever its comment says, and nothing is run."""
    file = tmp_path / "created"
    add = "iptables -A INPUT -j DROP -m comment --comment"
    comments = (f"x$(touch {file})", f"`touch {file}`", 'a "b" \\x; \'c')

    left = _run(
        tmp_path,
        *(f"{add} {shlex.quote(comment)} || exit" for comment in comments),
        "rules > /dev/null; iptables-save | grep ^-A",
        '[ -n "$all" ] && echo done',
    )

    assert left == ["done"]
    assert not file.exists()


def _tables(folder: Path, *lines: str) -> None:
    """Make iptables know these lines, of the table `filter` first."""
    text = "\n".join(["# a comment", "*filter", *lines, "COMMIT"])
    (folder / "tables").write_text(f"{text}\n")
    _stub(folder, "iptables-save", f"cat {folder}/tables")
    _stub(folder, "iptables", 'echo "$*"')
    _stub(folder, "iptables-restore", "cat")
