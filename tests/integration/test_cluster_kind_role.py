"""The role cluster_kind on clusters as found, without an engine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
import yaml

from graders.errors import CannotCheck
from graders.lifecycle import lifecycle, playbook
from graders.lifecycle.playbook import run_playbook
from graders.plan.plan import make_plan
from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

PLAN: Final = make_plan()
NODES: Final = PLAN.node_names()
PLAY: Final = """
- name: Create the cluster
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Create it
      ansible.builtin.include_role: {name: cluster_kind, tasks_from: create}
    - name: Wait for it
      ansible.builtin.include_role: {name: cluster_kind, tasks_from: finish}
"""
DOCKER: Final = """#!/bin/sh
echo "docker $*" >> "$PLACE/calls"
case "$*" in
  info*) echo 2 runc ;;
  ps*) cat "$PLACE/containers" ;;
  *systemctl\\ restart*) echo "node/$2" >> "$PLACE/registered" ;;
  *"get nodes"*)
    [ -e "$PLACE/registered" ] || { echo refused >&2; exit 1; }
    cat "$PLACE/registered" ;;
esac
"""
KIND: Final = """#!/bin/sh
echo "kind $1 $2" >> "$PLACE/calls"
"""


@dataclass
class Found:
    """A student's folder with a cluster as it is found."""

    folder: Path

    def write(self, name: str, *lines: str) -> None:
        """Write a file."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{line}\n" for line in lines), "utf-8")

    def containers(self, *names: str) -> None:
        """Have these nodes run."""
        lines = [f"{name} running {PLAN.lan_name}" for name in names]
        self.write("containers", *lines)

    def registered(self, *names: str) -> None:
        """Have the API server know these nodes."""
        self.write("registered", *(f"node/{name}" for name in names))

    def create(self) -> list[str]:
        """Play the role; return how docker and kind were called."""
        given = lifecycle.extra_vars(PLAN) | {"kubeconfig_usable": False}
        run_playbook("role", given, student=PLAN.student)
        return (self.folder / "calls").read_text("utf-8").splitlines()


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Found:
    """Have a complete cluster, and no kubeconfig."""
    ansible = tmp_path / "ansible"
    ansible.mkdir()
    for name in ("action_plugins", "ansible.cfg", "group_vars", "inventory"):
        (ansible / name).symlink_to(ANSIBLE / name)
    (ansible / "roles").symlink_to(ANSIBLE / "roles")
    (ansible / "role.yml").write_text(PLAY, encoding="utf-8")
    monkeypatch.setattr(playbook, "ANSIBLE", ansible)
    programs = tmp_path / "programs"
    programs.mkdir()
    cache = tmp_path / "cache"
    (cache / "bin").mkdir(parents=True)
    for file, text in {
        programs / "docker": DOCKER,
        cache / "bin" / "kind": KIND,
    }.items():
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("METALLB_LAB_CACHE", str(cache))
    found = Found(tmp_path / "state" / PLAN.student)
    monkeypatch.setenv("PLACE", str(found.folder))
    found.write("kind/pid", "99999999")
    found.write("kind/status", "0")
    found.containers(*NODES)
    found.registered(*NODES)
    return found


def test_no_cluster(found: Found) -> None:
    """It is created, and nothing is deleted."""
    found.containers()

    calls = found.create()

    assert [it for it in calls if it.startswith("kind")] == [
        "kind create cluster"
    ]


def test_empty_kubeconfig(
    found: Found, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is written again, that is told, and the cluster stays."""
    found.write("kubeconfig")

    calls = found.create()

    assert [it for it in calls if it.startswith("kind")] == [
        "kind export kubeconfig"
    ]
    assert "and was written again" in capsys.readouterr().err


def test_deleted_node(
    found: Found, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its kubelet registers it again, that is told, and the cluster stays."""
    found.registered(*NODES[:2])

    calls = found.create()

    assert f"docker exec {NODES[2]} systemctl restart kubelet" in calls
    assert not [it for it in calls if "delete" in it or "create" in it]
    assert f"node {NODES[2]} was not registered" in capsys.readouterr().err


@pytest.mark.parametrize("how", ["interrupted", "failed", "container"])
def test_incomplete(
    found: Found, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    """It is deleted and created again, and the student is told why."""
    reason = {
        "interrupted": "kind was interrupted",
        "failed": "kind could not create it (status 1)",
        "container": f"container {NODES[2]} was removed",
    }[how]
    if how == "interrupted":
        (found.folder / "kind" / "status").unlink()
    elif how == "failed":
        found.write("kind/status", "1")
    else:
        found.containers(*NODES[:2])

    calls = found.create()

    assert [it for it in calls if it.startswith("kind")] == [
        "kind delete cluster",
        "kind create cluster",
    ]
    said = " ".join(capsys.readouterr().err.split())
    assert f"to create it again: {reason}" in said


def test_silent_api(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    """A complete cluster that does not answer is not deleted."""
    (found.folder / "registered").unlink()
    defaults = ANSIBLE / "roles" / "cluster_kind" / "defaults" / "main.yml"
    known = yaml.safe_load(defaults.read_text("utf-8"))
    assert known["cluster_kind_api_timeout"] == 180
    given = lifecycle.extra_vars(PLAN) | {"cluster_kind_api_timeout": 1}
    monkeypatch.setattr(lifecycle, "extra_vars", lambda _: given)

    with pytest.raises(CannotCheck, match="complete, so it is not deleted"):
        found.create()

    calls = (found.folder / "calls").read_text("utf-8")
    assert "delete" not in calls
