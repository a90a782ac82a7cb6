"""A machine of the lab as a container: no proxies, no rights without need."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT: Final = (
    ANSIBLE / "roles" / "network_kind" / "files" / "create_machine.sh"
)
# Notes its calls, and what a new container has in its environment. There is a
# container of the machine's name, which has the lab's label.
DOCKER: Final = """#!/bin/sh
echo "$*" >> "$LOG/calls"
case "$1" in
  ps) case "$*" in *label=metallb-lab.student=ada*) echo old ;; esac ;;
  create)
    while [ "$1" != --env-file ]; do shift; done
    cp "$2" "$LOG/environment"
    ;;
esac
"""
LABEL: Final = "--label metallb-lab.student=ada"
PROXIES: Final = ("http", "https", "ftp", "all", "no")


def _create(folder: Path, role: str) -> list[str]:
    """Create a machine; return the calls of docker."""
    docker = folder / "docker"
    docker.write_text(DOCKER, encoding="utf-8")
    docker.chmod(0o755)
    subprocess.run(
        ["bash", SCRIPT],
        env={
            "PATH": f"{folder}:{os.environ['PATH']}",
            "LOG": str(folder),
            "ROLE": role,
            "NAME": f"metallb-lab-ada-{role}",
            "NETWORK": "lan",
            "ADDRESS": "10.1.0.2",
            "IMAGE": "appliance",
            "LABELS": LABEL,
            "LIMITS": "",
            "MACHINE_ENVIRONMENT": "LAN=10.1.0.0/24",
            "STUDENT": "ada",
            "VOLUME": "metallb-lab-ada-state",
            "EDGE_NETWORK": "edge",
            "EDGE_ADDRESS": "10.90.0.2",
            "FRR_CONF": "router bgp 64512",
        },
        capture_output=True,
        check=True,
    )
    return (folder / "calls").read_text(encoding="utf-8").splitlines()


def _created(calls: list[str]) -> str:
    (found,) = (call for call in calls if call.startswith("create "))
    return found


@pytest.mark.parametrize("role", ["client", "lan-client", "desk", "dhcp"])
def test_rights_of_a_machine(tmp_path: Path, role: str) -> None:
    """It may change its own network, and gets no more rights than that."""
    created = _created(_create(tmp_path, role))

    assert "--security-opt no-new-privileges" in created
    added = created.split("--cap-add ")[1:]
    assert [it.split()[0] for it in added] == ["NET_ADMIN", "NET_RAW"]
    for more in ("privileged", "unconfined", "docker.sock", "host"):
        assert f"{more} " not in created.replace("--hostname ", "")


def test_rights_of_the_router(tmp_path: Path) -> None:
    """FRR does not start without one more."""
    created = _created(_create(tmp_path, "router"))

    assert "--security-opt no-new-privileges" in created
    assert "--cap-add SYS_ADMIN" in created
    assert "privileged " not in created


@pytest.mark.parametrize("name", PROXIES)
def test_no_proxies(tmp_path: Path, name: str) -> None:
    """Docker's client would set its own, by which no client reaches a VIP.

    It looks for them among its options, and not in a file of variables.
    """
    created = _created(_create(tmp_path, "client"))

    assert f"--env {name}_proxy= " in created
    assert f"--env {name.upper()}_PROXY= " in created
    lines = (tmp_path / "environment").read_text("utf-8").splitlines()
    assert lines == ["ROLE=client", "LAN=10.1.0.0/24"]


def test_labels(tmp_path: Path) -> None:
    """Machine and volume are the student's, and only such ones are removed."""
    calls = _create(tmp_path, "dhcp")

    assert LABEL in _created(calls)
    volume = f"volume create {LABEL} metallb-lab-ada-state"
    assert calls.index(volume) < calls.index(_created(calls))
    removed = calls.index("rm --force old")
    assert f"--filter label={LABEL.split()[1]}" in calls[removed - 1]
