"""The session: views of machines, and the connection to the cluster."""

from __future__ import annotations

from typing import Any

import pytest

from graders.checks.session import Session, open_session
from graders.course.lab import load_lab
from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.providers.base import MachineStatus
from graders.providers.docker import DockerExec
from graders.providers.kind import KindProvider
from graders.providers.registry import machine_of

PLAN = make_plan()
LAB = load_lab("1")


class FakeCluster:
    """A cluster that is not asked."""


def _session(cluster: FakeCluster) -> Session:
    known: Any = cluster
    return Session(PLAN, LAB, "no-pool", known)


def test_machines() -> None:
    """Each view is of the machine with its name."""
    lab = _session(FakeCluster())

    assert lab.client.machine == machine_of(lab.plan, "client")
    assert lab.lan_client.machine == machine_of(lab.plan, "lan-client")
    assert lab.machine("worker").transport == DockerExec("metallb-lab-worker")


def test_node_macs(monkeypatch: pytest.MonkeyPatch) -> None:
    """They come from the provider."""
    macs = {"02:42:ac:12:01:03": "metallb-lab-worker"}
    monkeypatch.setattr(KindProvider, "node_macs", lambda *_: macs)

    assert _session(FakeCluster()).node_macs == macs


def test_machines_that_do_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one is named, and what brings it back."""
    states = {
        "worker": MachineStatus("172.18.1.3", "running", running=True),
        "worker2": MachineStatus("172.18.1.4", "paused", running=False),
    }
    monkeypatch.setattr(KindProvider, "machines", lambda *_: states)
    lab = _session(FakeCluster())

    with pytest.raises(CannotCheck, match=r"^worker2 does .*: it is paused"):
        lab.require_machines()

    del states["worker2"]
    lab.require_machines()


@pytest.mark.usefixtures("base")
def test_open_without_a_kubeconfig() -> None:
    """The error says what to do."""
    with pytest.raises(CannotCheck, match=r"kubeconfig: .*`lab up` writes"):
        open_session(PLAN, LAB, "no-pool")
