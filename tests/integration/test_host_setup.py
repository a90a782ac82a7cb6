"""Packages and routes of a host, by functions of prepare.sh and cleanup.sh."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from graders.settings import ANSIBLE
from tests import own_network
from tests.own_network import RECORD, TWO_NETWORKS

if TYPE_CHECKING:
    from pathlib import Path

FILES: Final = ANSIBLE / "roles/host_setup/files"
LIB: Final = ANSIBLE / "files/lib"
BEFORE: Final = ("alone.sh", "network_state.sh")
NOTES: Final = "var/lib/metallb-lab-kit"
MADE: Final = "var/lib/lab-made"
MARK: Final = "etc/kubernetes/metallb-lab-kit"
# A script, and the line after its functions.
PREPARE: Final = ("prepare.sh", "\n# Records on a host without a mark")
CLEANUP: Final = ("cleanup.sh", "\n# If this is interrupted")


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """Return a folder in place of the root folder of a prepared host."""
    for name in (NOTES, MADE, "etc/kubernetes", "etc/default", "bin", "run"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / MARK).write_text("c\n")
    # Never this computer's own.
    for name in ("apt-get", "dpkg", "dpkg-query", "systemctl", "pkill"):
        _stub(tmp_path, name, "exit 1")
    return tmp_path


def _stub(host: Path, name: str, text: str) -> None:
    """Replace a command there."""
    file = host / "bin" / name
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)


def _run(
    host: Path, script: tuple[str, str], *steps: str, net: bool = False
) -> list[str]:
    """Run steps after a script's functions; return what they print."""
    file, end = script
    text = (FILES / file).read_text(encoding="utf-8")
    text, found, _ = text.partition(end)
    assert found
    before = [(LIB / name).read_text(encoding="utf-8") for name in BEFORE]
    text = "".join([*before, text])
    for name in ("NOTES", "MADE", "MARK", "LOCK", "MACHINE"):
        text = text.replace(f"\n{name}=/", f"\n{name}={host}/")
    text = f"CLUSTER=c\n{text}"
    return subprocess.run(
        [
            *(own_network.NET if net else ()),
            *("sh", "-c", "\n".join([text, *steps])),
        ],
        env={
            "PATH": f"{host}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOST": str(host),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    ).stdout.splitlines()


LOG: Final = """\
Selecting previously unselected package frr.
Preparing to unpack .../frr_8.4_amd64.deb ...
Unpacking frr (8.4) ...
Unpacking libc6:amd64 (2.36-9) over (2.36-8) ...
Selecting previously unselected package libyang2:amd64.\r
Selecting previously unselected package jq.\r
Setting up others (1.0) ...
"""


def test_packages_that_the_lab_installed(host: Path) -> None:
    """An interrupted apt counts, and what others installed does not."""
    (host / NOTES / "apt.log").write_text(LOG, newline="")
    (host / NOTES / "packages").write_text("libc6:amd64\n")
    there = "frr libc6:amd64 libyang2:amd64 others"
    _stub(host, "dpkg-query", f"printf '%s\\n' {there}")
    _stub(host, "apt-get", f'echo "$@" > {host}/asked')

    assert _run(host, CLEANUP, "packages") == []

    asked = (host / "asked").read_text().split()
    assert asked[0] == "purge"
    assert asked[-2:] == ["frr", "libyang2:amd64"]
    assert "others" not in asked


def test_nothing_was_installed(host: Path) -> None:
    """Then no package is removed."""
    _stub(host, "apt-get", f"touch {host}/asked; exit 1")

    assert _run(host, CLEANUP, "packages") == []
    assert not (host / "asked").exists()


@pytest.mark.parametrize("mark", ["another\n", ""])
def test_a_host_of_another_lab(host: Path, mark: str) -> None:
    """It is left alone, and so is one without a lab."""
    (host / MARK).write_text(mark)

    assert _run(host, CLEANUP, "echo removed") == []


@pytest.mark.parametrize(
    ("output", "asked"),
    [
        ("E: Could not get lock /var/lib/apt/lists/lock.", 2),
        ("E: Failed to fetch http://packages.example/", 1),
    ],
)
def test_lists_of_packages(host: Path, output: str, asked: int) -> None:
    """Their lock is waited for; every other error is reported."""
    times = host / "times"
    (host / MARK).unlink()
    many = f"echo {output}; echo >> {times}; [ $(wc -l < {times}) -gt 1 ]"
    _stub(host, "apt-get", many)
    _stub(host, "sleep", "")

    assert _run(host, PREPARE, "update_lists || :") == [output]
    assert times.read_text() == "\n" * asked


def test_a_host_that_cloud_init_still_sets_up(host: Path) -> None:
    """It is waited for, whatever the outcome."""
    _stub(host, "timeout", f'echo "$@" > {host}/asked; exit 2')
    _stub(host, "cloud-init", "exit 1")

    _run(host, PREPARE, "await_cloud_init")

    asked = (host / "asked").read_text()
    assert asked == "300 cloud-init status --wait\n"


LAB: Final = """
echo ROUTER_EDGE=10.1.0.2 > $HOST/etc/default/metallb-lab-machine
ip route replace default via 10.1.0.2
ip route add 10.90.0.0/24 via 10.1.0.2
"""


@own_network.needs_net
@pytest.mark.parametrize(
    "routes",
    [
        "",
        "ip route add default via 10.1.0.254",
        "ip route add default via 10.2.0.254 metric 100",
        (
            "ip route add default nexthop via 10.1.0.3 dev eth0"
            " nexthop via 10.1.0.4 dev eth0"
        ),
    ],
)
def test_default_routes_come_back(host: Path, routes: str) -> None:
    """The next lab installs packages by them; the lab's own are removed."""
    show = "ip -4 -o route show"

    before = _run(host, CLEANUP, TWO_NETWORKS, routes, show, net=True)
    steps = (
        *(TWO_NETWORKS, routes, RECORD, LAB),
        "network > /dev/null",
        show,
    )
    assert _run(host, CLEANUP, *steps, net=True) == before
