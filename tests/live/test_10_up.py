"""`lab up` on a machine without a lab, and again on one with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from graders.lifecycle.lifecycle import up
from graders.lifecycle.processes import MARK
from graders.providers.kind_location import locate
from graders.settings import state_dir

from .conftest import STUDENT, ok

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("fresh")


def test_addresses_are_the_plan_s(docker: Callable[..., str]) -> None:
    """Every container has the address that the plan pins."""
    plan = locate(STUDENT).plan
    wanted = {
        machine.name: str(machine.lan or machine.edge)
        for machine in (*plan.nodes.values(), *plan.machines.values())
    }
    found = {}
    for item in json.loads(docker("inspect", *wanted)):
        ends = item["NetworkSettings"]["Networks"]
        end = ends.get(plan.lan_name) or ends[plan.edge_name]
        found[item["Name"][1:]] = end["IPAddress"]
    assert found == wanted


def test_second_up_changes_nothing() -> None:
    """The playbook is idempotent: no task reports a change."""
    assert up(locate(STUDENT).plan) == 0


def test_status_names_the_machines() -> None:
    """`lab status` shows every container and its address."""
    said = ok("lab", "status")
    assert "router" in said
    assert "control-plane" in said


ENGINE: Final = Path("/run/metallb-lab/engine.pid")


def test_engine_is_no_part_of_a_playbook() -> None:
    """What it runs for others does not end with the kit's next command."""
    if not ENGINE.is_file():
        pytest.skip("the engine was not started by the kit")
    pid = ENGINE.read_text(encoding="utf-8").strip()
    theirs = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"PATH=" in theirs
    assert MARK.encode() not in theirs


def test_user_s_kubeconfig_is_left_alone() -> None:
    """The kit's kubeconfig is its own file."""
    said = ok("lab", "shell", "-c", "echo $KUBECONFIG; kubectl get nodes")
    assert str(state_dir(STUDENT) / "kubeconfig") in said
    assert said.count(" Ready ") == 3
