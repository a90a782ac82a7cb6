"""Playbooks through the real Ansible, on small ones of the test's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from graders.errors import CannotCheck, UsageError
from graders.lifecycle import playbook
from graders.lifecycle.playbook import run_playbook
from graders.lifecycle.processes import find_tagged
from graders.settings import ANSIBLE, state_dir

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

PLAY = """
- name: Toy
  hosts: localhost
  gather_facts: false
  tasks:
"""
CHANGES = """
    - name: Write the number
      ansible.builtin.copy:
        content: "{{ number }}"
        dest: "{{ folder }}/number"
        mode: "0644"
    - name: Look and change nothing
      ansible.builtin.command: "true"
      changed_when: false
"""
FAILS = """
    - name: Fail and go on
      ansible.builtin.command: "false"
      ignore_errors: true
    - name: Make the cluster
      ansible.builtin.shell: |
        for n in 1 2 3 4 5 6; do echo line $n >&2; done
        exit 7
"""
TELLS = """
    - name: Delete the cluster
      lab_exec:
        cmd: |
          echo '{"changed": "x", "tell": "deleted [cluster] lab: why"}'
        reports: true
    - name: Select the context
      lab_kubeconfig:
        namespace: lab-1
"""
REFUSES = """
    - name: Refuse
      lab_refuse:
        problem: IMAGES must be pull, load or build, not 'steal'
        remedy: choose one
"""
SLEEPS = """
    - name: Sleep in the background
      ansible.builtin.command: sleep 600
      async: 900
      poll: 0
    - name: Say so
      ansible.builtin.command: touch {{ folder }}/asleep
    - name: Sleep
      ansible.builtin.command: sleep 600
"""
HANGS = """
    - name: Hang outside of a command
      ansible.builtin.pause: {seconds: 60}
"""
LATE = """
    - name: Wait for the moon
      ansible.builtin.command: sleep 60
      timeout: 1
"""
RUN = """
import sys
from pathlib import Path
from graders.lifecycle import playbook as provision
provision.ANSIBLE = Path(sys.argv[1])
try:
    provision.run_playbook("sleeps", {"folder": sys.argv[1]}, student="demo")
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.fixture(autouse=True)
def ansible(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Put the test's playbooks where the kit's are, with its inventory."""
    folder = tmp_path / "ansible"
    (folder / "inventory").mkdir(parents=True)
    (folder / "action_plugins").symlink_to(ANSIBLE / "action_plugins")
    for name in ("inventory/localhost.yml", "ansible.cfg"):
        text = (ANSIBLE / name).read_text(encoding="utf-8")
        (folder / name).write_text(text, encoding="utf-8")
    for name, tasks in {
        "changes": CHANGES,
        "fails": FAILS,
        "refuses": REFUSES,
        "sleeps": SLEEPS,
        "tells": TELLS,
    }.items():
        (folder / f"{name}.yml").write_text(PLAY + tasks, encoding="utf-8")
    monkeypatch.setattr(playbook, "ANSIBLE", folder)
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path / "state"))
    return folder


def test_changes_are_counted(
    ansible: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It tells how many tasks changed something: none the second time."""
    given = {"number": 7, "folder": str(ansible)}

    ended = []
    first = run_playbook("changes", given, student="demo")
    second = run_playbook(
        "changes", given, student="demo", ended=lambda: ended.append("now")
    )

    assert (first.changed, second.changed, ended) == (1, 0, ["now"])
    assert (ansible / "number").read_text() == "7"
    assert str(first.log) in capsys.readouterr().err
    assert "Write the number" in first.log.read_text()


def test_students_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A student reads what was deleted, and which context was selected."""
    folder = tmp_path / "state" / "demo"
    folder.mkdir(parents=True)
    contexts = [{"name": "lab", "context": {}}]
    config = {"current-context": "mine", "contexts": contexts}
    (folder / "kubeconfig").write_text(json.dumps(config), encoding="utf-8")
    given = {"state_dir": str(folder), "context": "lab"}

    outcome = run_playbook("tells", given, student="demo")

    said = capsys.readouterr().err
    assert outcome.changed == 2
    assert "  deleted [cluster] lab: why\n" in said
    assert "current context was mine, now lab" in said


def test_later_variables_win(ansible: Path) -> None:
    """What an earlier run was given does not stay."""
    for number in (1, 2):
        given = {"number": number, "folder": str(ansible)}
        run_playbook("changes", given, student="demo")

    assert (ansible / "number").read_text() == "2"


def test_failure_names_task_cause_and_log() -> None:
    """The first failure that counts is told, with what the command said."""
    ended: list[str] = []
    with pytest.raises(CannotCheck) as caught:
        run_playbook(
            "fails", {}, student="demo", ended=lambda: ended.append("now")
        )
    assert not ended

    said = str(caught.value)
    assert said.startswith("could not toy: Make the cluster: ")
    assert "line 6" in said
    assert "line 1" not in said
    assert "fails-" in said
    assert "Traceback" not in said
    logs = list(state_dir("demo").glob("logs/fails-*.log"))
    assert logs
    assert all("\\r" not in log.read_text(encoding="utf-8") for log in logs)


def test_refusal_is_wrong_usage() -> None:
    """A message that begins with `usage:` is the person's to mend."""
    with pytest.raises(UsageError) as caught:
        run_playbook("refuses", {}, student="demo")

    rule = "IMAGES must be pull, load or build, not 'steal'; choose one"
    assert str(caught.value).strip() == rule


def test_no_such_playbook() -> None:
    """What does not start could not be done, in words."""
    with pytest.raises(CannotCheck, match=r"could not run nothing\.yml: "):
        run_playbook("nothing", {}, student="demo")


def test_afterwards_ctrl_c_works_as_before(ansible: Path) -> None:
    """What comes after a playbook, such as grading, can be interrupted."""
    kept = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]

    given = {"number": 1, "folder": str(ansible)}
    run_playbook("changes", given, student="demo")

    now = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    assert now == kept


def begun(ansible: Path) -> subprocess.Popen[bytes]:
    """Return a run of its own that has got to its last task."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(ansible)], stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 30
    while not (ansible / "asleep").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)  # the last task begins
    return process


def test_interrupted_leaves_nothing_running(
    ansible: Path, tmp_path: Path
) -> None:
    """Ctrl-C ends commands too, those in the background as well."""
    process = begun(ansible)
    assert find_tagged(str(tmp_path / "state" / "demo"))

    process.send_signal(signal.SIGINT)

    assert process.wait(20) == 130
    assert find_tagged(str(tmp_path / "state" / "demo")) == []


def test_next_run_ends_what_a_killed_one_left(
    ansible: Path, tmp_path: Path
) -> None:
    """After kill -9 the next command does not work beside a ghost."""
    process = begun(ansible)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(5)
    assert find_tagged(str(tmp_path / "state" / "demo"))

    given = {"number": 1, "folder": str(ansible)}
    run_playbook("changes", given, student="demo")

    assert find_tagged(str(tmp_path / "state" / "demo")) == []


def test_time_limit_of_a_module(ansible: Path) -> None:
    """The error names the step and its limit."""
    (ansible / "late.yml").write_text(PLAY + LATE, encoding="utf-8")
    rule = "Wait for the moon: not done within 1 s; it was ended"

    with pytest.raises(CannotCheck, match=rule):
        run_playbook("late", {}, student="demo")


@pytest.mark.parametrize(
    ("limit", "what"),
    [("_TASK_LIMIT_S", "Hang outside"), ("_PLAYBOOK_LIMIT_S", "all steps")],
)
def test_time_limit_of_all(
    ansible: Path, monkeypatch: pytest.MonkeyPatch, limit: str, what: str
) -> None:
    """What hangs for whatever reason is ended in the end, and named."""
    (ansible / "hangs.yml").write_text(PLAY + HANGS, encoding="utf-8")
    monkeypatch.setattr(playbook, limit, 3.0)

    with pytest.raises(CannotCheck, match=f"{what}.*: not done within 3 s"):
        run_playbook("hangs", {}, student="demo")
