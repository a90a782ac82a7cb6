"""Ways onto a machine: one place says how a command gets there."""

from __future__ import annotations

import pathlib

from graders import settings
from graders.plan.plan import make_plan
from graders.providers.base import DockerExec, exec_prefixes, transport

PLAN = make_plan("ada")


def test_every_machine_and_node_has_a_way() -> None:
    """By role, and none else; what stands there goes before a command."""
    found = exec_prefixes(PLAN)

    assert list(found) == [*PLAN.nodes, *PLAN.machines]
    assert found["worker2"] == [
        *("docker", "exec", "-i", "metallb-lab-ada-worker2")
    ]


def test_way_by_role() -> None:
    """A role leads to its container."""
    assert transport(PLAN, "desk") == DockerExec("metallb-lab-ada-desk")


def test_docker_exec_is_spelled_in_one_module() -> None:
    """No other Python of the kit builds such a command line."""
    spelled = [
        path.name
        for path in pathlib.Path(settings.ROOT, "graders").rglob("*.py")
        if '"docker", "exec"' in path.read_text(encoding="utf-8")
    ]

    assert spelled == ["base.py"]
