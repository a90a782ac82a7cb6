"""Whether everything but a lab runs, by the provider and the API."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.providers.base import MachineStatus
from graders.providers.docker import EngineDown
from graders.providers.kind import KindProvider
from graders.state import readiness

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan()
STARTED = "2026-01-01T10:00:00.123456789Z"
Machines = dict[str, MachineStatus]


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machines:
    """Have everything run; a test changes what it is about."""
    monkeypatch.setenv("METALLB_LAB_CACHE", str(tmp_path))
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path / "state"))
    (tmp_path / "bin").mkdir()
    for tool in ("kubectl", "helm"):
        (tmp_path / "bin" / tool).touch()
    found = {
        role: MachineStatus(
            "192.0.2.1", "running", running=True, started=STARTED
        )
        for role in (*PLAN.nodes, *PLAN.machines)
    }
    monkeypatch.setattr(KindProvider, "machines", lambda *_: found)
    _nodes(monkeypatch, ["True"] * 3)
    return found


def _nodes(
    monkeypatch: pytest.MonkeyPatch,
    ready: list[str],
    reported: str = "2026-01-01T10:00:00Z",
    lan: str = "",
) -> None:
    """Have the API server know these nodes."""
    nodes = [
        {
            "metadata": {"name": node.name},
            "status": {
                "addresses": [{"address": lan or str(node.lan)}],
                "conditions": [
                    {"type": "DiskPressure", "status": "False"},
                    {
                        "type": "Ready",
                        "status": status,
                        "lastHeartbeatTime": reported,
                    },
                ],
            },
        }
        for node, status in zip(PLAN.nodes.values(), ready, strict=False)
    ]

    class Answers:
        def __init__(self, *_: object) -> None:
            """Connect."""

        def close(self) -> None:
            """Disconnect."""

        def items(self, path: str) -> list[dict[str, Any]]:
            """Return the nodes."""
            assert path == "/api/v1/nodes"
            return nodes

    monkeypatch.setattr(readiness, "cluster_client", Answers)


@pytest.mark.usefixtures("machines")
def test_all_run() -> None:
    """With all machines and nodes it is up."""
    assert readiness.is_up(PLAN)


def test_a_machine_does_not_run(machines: Machines) -> None:
    """One machine is enough to be not up."""
    machines["desk"] = MachineStatus("", "paused", running=False)

    assert not readiness.is_up(PLAN)


def test_known_machines(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that has just been asked is not asked again."""
    monkeypatch.delattr(KindProvider, "machines")

    assert readiness.is_up(PLAN, machines)


@pytest.mark.usefixtures("machines")
@pytest.mark.parametrize(
    "ready",
    [[], ["True"] * 2, ["True", "False", "True"], ["True", "True", "Unknown"]],
)
def test_nodes_are_not_ready(
    monkeypatch: pytest.MonkeyPatch, ready: list[str]
) -> None:
    """Three nodes have to be Ready, no fewer."""
    _nodes(monkeypatch, ready)

    assert not readiness.is_up(PLAN)


@pytest.mark.usefixtures("machines")
def test_tools_are_gone(tmp_path: Path) -> None:
    """Without the kit's own kubectl nothing can be done: up has to run."""
    (tmp_path / "bin" / "kubectl").unlink()

    assert not readiness.is_up(PLAN)


@pytest.mark.usefixtures("machines")
@pytest.mark.parametrize("name", ["provider", "cluster_client"])
def test_no_answer_is_no(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What does not answer is not up, and it is no error."""

    def silent(*_: object) -> None:
        raise (EngineDown if name == "provider" else CannotCheck)("no answer")

    monkeypatch.setattr(readiness, name, silent)

    assert not readiness.is_up(PLAN)


@pytest.mark.usefixtures("machines")
def test_a_node_that_was_restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a node reported before it was restarted does not count."""
    _nodes(monkeypatch, ["True"] * 3, reported="2026-01-01T09:59:59Z")

    assert not readiness.is_up(PLAN)


@pytest.mark.parametrize("started", ["", "2999-01-01T10:00:00Z"])
def test_a_start_that_is_not_known(machines: Machines, started: str) -> None:
    """It does not matter then, nor when the clock was set back since."""
    for role, machine in machines.items():
        machines[role] = replace(machine, started=started)

    assert readiness.is_up(PLAN)


@pytest.mark.usefixtures("machines")
def test_a_node_at_another_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API server could not reach its pods."""
    _nodes(monkeypatch, ["True"] * 3, lan="192.0.2.7")

    assert not readiness.is_up(PLAN)
