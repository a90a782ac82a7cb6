"""Mistakes in a lab's Ansible tasks are found, with file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.course.rules.faults import fault_problems

if TYPE_CHECKING:
    from tests.authoring import LabCopy

FAULT = "faults/other-pool.yml"
COMMAND = """\
- name: Look
  lab_exec:
    argv: [ip, address]
"""


def _add(lab_copy: LabCopy, tasks: str) -> int:
    """Add tasks at the end of a fault; return their line."""
    file = lab_copy.file(FAULT)
    text = file.read_text(encoding="utf-8")
    file.write_text(text + tasks, encoding="utf-8")
    return text.count("\n") + 1


@pytest.mark.parametrize(
    ("tasks", "rule"),
    [
        (
            f"{COMMAND}    stdin: '{{{{ nope }}}}'\n",
            "'nope' is a name of neither the plan nor the playbook",
        ),
        (f"{COMMAND}  when: nope.stdout\n", "'nope' is a name of neither"),
        (f"{COMMAND}  changed_when: true\n", "must have changed_when: false"),
        (
            f"{COMMAND}    machine: shop\n",
            "must be a role of the lab",
        ),
        (
            f"{COMMAND}    machine: '{{{{ item }}}}'\n  loop: [desk, shop]\n",
            "must be a role of the lab, not 'shop'",
        ),
        (
            "- name: Change\n  lab_patch: {}\n  changed_when: true\n",
            "must not have changed_when",
        ),
        ("- name: Ping\n  ansible.builtin.ping:\n", "must use one of ansible"),
        (
            "- name: More\n  ansible.builtin.include_tasks: nope.yml\n",
            "includes a file that is not in tasks/",
        ),
        ("- name: Half\n  lab_exec: {\n", ""),
        (
            "- {name: &it Look, lab_patch: {kind: *it}}\n",
            "alias *it must be written out",
        ),
        ("# docker exec\n", "name a machine (`machine: router`)"),
        ("- name: '{{ a'\n  lab_patch: {}\n", "unexpected"),
    ],
)
def test_mistakes(lab_copy: LabCopy, tasks: str, rule: str) -> None:
    """Each is one problem, in the lines that have it."""
    line = _add(lab_copy, tasks)

    number, text = lab_copy.problem(fault_problems(lab_copy.lab()), FAULT)

    assert line <= number <= line + tasks.count("\n")
    assert rule in text


@pytest.mark.parametrize(
    "tasks",
    [
        f"{COMMAND}  register: look\n  until: look.rc == 0\n",
        f"{COMMAND}    stdin: '{{{{ nope | default(1) }}}}'\n",
        f"{COMMAND}    stdin: '{{{{ pool }}}}'\n",
        f"{COMMAND}  when: storage_network_changed\n",
        f"{COMMAND}    machine: '{{{{ item }}}}'\n  loop: [desk, worker]\n",
    ],
)
def test_no_mistakes(lab_copy: LabCopy, tasks: str) -> None:
    """A fault may use the plan, its caller's names and what it registers."""
    _add(lab_copy, tasks)

    assert fault_problems(lab_copy.lab()) == []


def test_included_tasks(lab_copy: LabCopy) -> None:
    """They may use the names that they are given, and no others."""
    file = lab_copy.file("tasks/wait.yml")
    file.parent.mkdir()
    file.write_text(f"---\n{COMMAND}    stdin: '{{{{ given + nope }}}}'\n")
    _add(
        lab_copy,
        "- name: Wait\n"
        "  ansible.builtin.include_tasks: '{{ lab_dir }}/tasks/wait.yml'\n"
        "  vars: {given: x}\n",
    )

    number, rule = lab_copy.problem(
        fault_problems(lab_copy.lab()), "tasks/wait.yml"
    )

    assert (number, rule[:6]) == (2, "'nope'")


def test_tasks_that_nothing_includes(lab_copy: LabCopy) -> None:
    """They are named: nobody would see that they are broken."""
    file = lab_copy.file("tasks/wait.yml")
    file.parent.mkdir()
    file.write_text("---\n")

    assert lab_copy.problem(
        fault_problems(lab_copy.lab()), "tasks/wait.yml"
    ) == (1, "no fault includes it")
