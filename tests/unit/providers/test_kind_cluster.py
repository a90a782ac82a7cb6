"""An existing cluster of kind: what is known of it, and how it is mended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from graders.errors import CannotCheck
from graders.providers.kind_cluster import KindCluster, incompleteness

if TYPE_CHECKING:
    from pathlib import Path

NODES = ["lab-control-plane", "lab-worker", "lab-worker2"]


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        """Start at 0."""
        self.now = 0.0

    def monotonic(self) -> float:
        """Return the seconds."""
        return self.now

    def sleep(self, seconds: float, /) -> None:
        """Let them pass."""
        self.now += seconds


class Engine:
    """An engine whose cluster has these Node objects."""

    def __init__(self, *registered: str, silent: int = 0) -> None:
        """Answer after `silent` tries."""
        self.registered = [*registered]
        self.silent = silent
        self.restarts = True
        self.network = ""
        self.done: list[str] = []

    def __call__(self, *args: str) -> str:
        """Run a command in a container."""
        call = " ".join(args[1:])
        if "get nodes" in call:
            assert "/etc/kubernetes/admin.conf" in call
            self.silent -= 1
            if self.silent >= 0:
                raise CannotCheck("connection refused")
            return "".join(f"node/{node}\n" for node in self.registered)
        if "net.d" in call:
            return self.network
        self.done.append(call)
        if "restart kubelet" in call and self.restarts:
            self.registered.append(args[1])
        return ""


def _cluster(engine: Engine) -> KindCluster:
    return KindCluster(NODES, engine, Clock())


@pytest.mark.parametrize(
    ("status", "begun", "expected"),
    [
        ("0\n", True, ""),
        (None, False, ""),
        ("0", False, ""),
        (None, True, "kind was interrupted while it created it"),
        ("1", True, "kind could not create it (status 1)"),
        ("", True, "kind could not create it (status unknown)"),
    ],
)
def test_what_kind_says(
    tmp_path: Path, status: str | None, *, begun: bool, expected: str
) -> None:
    """Only kind's own word makes a cluster with all its nodes incomplete."""
    if status is not None:
        (tmp_path / "status").write_text(status, encoding="utf-8")
    if begun:
        (tmp_path / "pid").write_text("7", encoding="utf-8")

    assert incompleteness(tmp_path, NODES, NODES) == expected


def test_a_removed_container(tmp_path: Path) -> None:
    """As kind cannot add a node, a cluster without one is incomplete."""
    said = incompleteness(tmp_path, NODES, NODES[:2])

    assert said == "container lab-worker2 was removed"


def test_a_slow_api_is_waited_for() -> None:
    """An API server that needs two minutes is no reason to delete anything."""
    engine = Engine(*NODES, silent=120)

    assert _cluster(engine).await_api(180) == NODES
    assert engine.done == []


def test_a_silent_api_is_an_error() -> None:
    """It says that nothing was deleted, and what a student can do."""
    with pytest.raises(CannotCheck) as caught:
        _cluster(Engine(silent=10_000)).await_api(180)

    said = str(caught.value)
    assert "180 s (connection refused)" in said
    assert "not deleted" in said
    assert "`lab reset`" in said


def test_a_deleted_worker_registers_again() -> None:
    """Its kubelet is restarted, and nothing else is done."""
    engine = Engine(NODES[0], NODES[2])

    _cluster(engine).register([NODES[1]])

    assert engine.done == ["lab-worker systemctl restart kubelet"]


def test_a_deleted_worker_keeps_its_pods_network() -> None:
    """With another one, other nodes would have no routes to its pods."""
    engine = Engine(NODES[0], NODES[2])
    engine.network = "10.244.1.0/24\n"

    _cluster(engine).register([NODES[1]])

    created, restarted = engine.done
    assert created.startswith("lab-control-plane sh -c")
    item = json.loads(created.partition(" sh {")[2].join(["{", ""]))
    assert item["metadata"] == {"name": "lab-worker"}
    assert item["spec"]["podCIDR"] == "10.244.1.0/24"
    assert restarted == "lab-worker systemctl restart kubelet"


def test_a_deleted_control_plane_gets_its_labels() -> None:
    """Labels and taint are not the kubelet's: kubeadm sets them again."""
    engine = Engine(*NODES[1:])

    _cluster(engine).register([NODES[0]])

    (labelled,) = engine.done[1:]
    assert labelled.startswith(
        "lab-control-plane kubeadm init phase mark-control-plane --config"
    )


def test_nothing_is_missing() -> None:
    """Then nothing is asked or done."""
    engine = Engine(*NODES)

    _cluster(engine).register([])

    assert engine.done == []
    assert engine.silent == 0


def test_a_node_does_not_register() -> None:
    """The error names it, and where to look."""
    engine = Engine(*NODES[:2])
    engine.restarts = False

    with pytest.raises(CannotCheck, match="node lab-worker2 does not regis"):
        _cluster(engine).register([NODES[2]])
