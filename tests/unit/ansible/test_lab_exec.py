"""The action `lab_exec`, through the real Ansible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.errors import CannotCheck
from graders.lifecycle import playbook
from graders.lifecycle.playbook import run_playbook
from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

PLAY = """
- name: Toy
  hosts: localhost
  gather_facts: false
  tasks:
    - name: By words
      lab_exec:
        machine: "{{ role }}"
        argv: [sh, -c, 'printf "%s;" "$@" > "$WAY"', sh, "it's $HOME", ""]
    - name: By a script, whose input is its own
      lab_exec:
        machine: "{{ role }}"
        cmd: |
          cat >> "$WAY"
        stdin: "and 'this'"
    - name: By a script of this computer
      lab_exec:
        cmd: |
          at() { {{ exec_prefix[role] | map('quote') | join(' ') }} "$@"; }
          at sh -c 'echo " e" >>"$WAY"'
"""
LONG = """
- name: Toy
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Too long
      lab_exec:
        argv: [sleep, "30"]
        timeout: {limit}
"""


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Have the playbook, and the kit's own actions."""
    (tmp_path / "toy.yml").write_text(PLAY, encoding="utf-8")
    (tmp_path / "action_plugins").symlink_to(ANSIBLE / "action_plugins")
    (tmp_path / "roles").mkdir()
    for name in ("ansible.cfg", "inventory"):
        (tmp_path / name).symlink_to(ANSIBLE / name)
    monkeypatch.setattr(playbook, "ANSIBLE", tmp_path)
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path / "a state"))
    monkeypatch.setenv("METALLB_LAB_CACHE", str(tmp_path / "a cache"))
    return tmp_path


def test_machine(toy: Path) -> None:
    """The role's command prefix comes before the command, word by word."""
    said = toy / "it is said"
    given = {
        "role": "router",
        "exec_prefix": {"router": ["env", f"WAY={said}"]},
    }

    run_playbook("toy", given, student="demo")

    assert said.read_text(encoding="utf-8") == "it's $HOME;;and 'this' e\n"


def test_unknown_machine(toy: Path) -> None:
    """Another word is refused, and the roles are named."""
    assert toy.is_dir()
    given = {"role": "printer", "exec_prefix": {"router": [], "desk": []}}

    with pytest.raises(
        CannotCheck, match="machine must be one of router, desk, not 'printer'"
    ):
        run_playbook("toy", given, student="demo")


@pytest.mark.parametrize(
    ("limit", "rule"),
    [
        (
            "1",
            r"Too long: sleep: not done within 1 s \(time limit 1\); it was",
        ),
        ("fast", r"Too long: timeout must be one of command, .*, or seconds"),
    ],
)
def test_timeout(toy: Path, limit: str, rule: str) -> None:
    """A command that takes too long is ended, and the step says so."""
    (toy / "toy.yml").write_text(LONG.format(limit=limit), encoding="utf-8")

    with pytest.raises(CannotCheck, match=rule):
        run_playbook("toy", {}, student="demo")
