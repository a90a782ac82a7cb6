"""`lab up` on hosts on which nothing of the kit has ever been."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from .conftest import Kit

# From bare hosts to MetalLB, with the packages in store.
_AT_MOST: Final = 300


def test_they_will_do(kit: Kit) -> None:
    """`lab doctor` finds nothing that would stop a lab there."""
    kit.ok("lab", "doctor")


def test_a_foreign_cluster_is_refused(
    kit: Kit, as_found: dict[str, list[str]]
) -> None:
    """One host with somebody's cluster, and none is touched."""
    folder = "/etc/kubernetes"
    kit.site.run("worker", f"mkdir {folder}; echo a > {folder}/admin.conf")
    done = kit.run("lab", "up")
    kit.site.run("worker", f"rm -r {folder}")
    assert done.returncode == 3
    assert "worker: cluster: expected none" in done.stderr
    assert kit.found() == as_found


def test_up_takes_minutes(kit: Kit, as_found: dict[str, list[str]]) -> None:
    """From bare hosts to MetalLB it is five minutes at most."""
    del as_found
    began = time.monotonic()
    kit.ok("lab", "up")
    assert time.monotonic() - began < _AT_MOST
    said = kit.ok("lab", "shell", "-c", "kubectl get nodes")
    assert said.count(" Ready ") == 3


@pytest.mark.usefixtures("stands")
def test_second_up_changes_nothing(kit: Kit) -> None:
    """It is idempotent: no step reports a change."""
    assert "(0 tasks changed)" in kit.ok("lab", "up")


@pytest.mark.usefixtures("stands")
def test_status_and_shells(kit: Kit) -> None:
    """Every host is told to run, and a shell on one is root's there."""
    assert kit.ok("lab", "status").count(" running ") == 8
    said = kit.ok("lab", "shell", "router", "-c", "id -u; uname -n")
    assert said.split() == ["0", "router"]


@pytest.mark.usefixtures("stands")
def test_secrets(kit: Kit) -> None:
    """Nobody else reads the kubeconfig, and no token is left to join with."""
    kubeconfig = kit.logs.parent / "kubeconfig"
    assert kubeconfig.stat().st_mode & 0o077 == 0
    left = kit.site.run(
        "control-plane",
        "kubectl --kubeconfig /etc/kubernetes/admin.conf get secrets -A"
        " -o name --field-selector type=bootstrap.kubernetes.io/token;"
        " find / -xdev -name kubeadm.log"
        " -exec grep -lEe '--token [0-9a-z]{6}[.]' {} +; true",
    )
    assert left.strip() == ""
