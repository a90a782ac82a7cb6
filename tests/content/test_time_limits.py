"""No command of a playbook can keep a student waiting for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from graders.settings import ANSIBLE, LABS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMANDS: Final = ("ansible.builtin.shell", "ansible.builtin.command")
FILES: Final = [
    file
    for folder in (ANSIBLE, LABS)
    for file in sorted(folder.rglob("*.yml"))
    if "files" not in file.parts
]


def _limits(file: Path) -> dict[str, int]:
    """Return the limits of where a file is played."""
    if {"seats", "seat_machine", "regrade"} & {*file.parts}:
        text = (ANSIBLE / "group_vars/machines.yml").read_text()
        of_machines: dict[str, int] = yaml.safe_load(text)["time_limits"]
        return of_machines
    hosts = yaml.safe_load((ANSIBLE / "inventory/localhost.yml").read_text())
    limits: dict[str, int] = hosts["all"]["hosts"]["localhost"]["time_limits"]
    return limits


def _tasks(node: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - YAML
    """Yield all mappings in a document that could be tasks."""
    children = node if isinstance(node, list) else []
    if isinstance(node, dict):
        yield node
        children = [*node.values()]
    for child in children:
        yield from _tasks(child)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_commands_have_limits(file: Path) -> None:
    """Each is one of those that have a name, so that its error has it."""
    limits = _limits(file)
    named = {f"{{{{ time_limits.{name} }}}}" for name in limits}
    for task in _tasks(yaml.safe_load(file.read_text("utf-8"))):
        if {*COMMANDS} & task.keys():
            assert task.get("timeout") in named, task
        if isinstance(command := task.get("lab_exec"), dict):
            limit = str(command.get("timeout", "command"))
            known = limit in limits or limit.isdigit() or "{{" in limit
            assert known, task
