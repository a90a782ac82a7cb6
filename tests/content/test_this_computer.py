"""What runs on the student's own computer is for Linux and macOS alike.

Most steps of a laptop are typed into its own bash, which on macOS is an old
one with BSD's tools around it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from graders.settings import ANSIBLE, LABS

if TYPE_CHECKING:
    from pathlib import Path

# What macOS does not have, or has with other options.
FOREIGN = re.compile(
    r"\b(setsid|timeout|mapfile|readarray|nproc|pidof) "
    r"|\b(sed -i|base64 -w|readlink -f|stat -c|xargs -r|date -d|cp -a)\b"
    r"|\b(declare -A|wait -n|head -n -|grep -\w*P)|/proc/"
)
# What begins a command that is typed somewhere else.
ELSEWHERE = re.compile(r"docker (exec|run)|\{\{ exec_prefix[.\[]|\"\$@\"")
# Scripts that this computer runs begin so.
BASH = "#!/bin/bash\n"
# Only a Linux machine comes to these.
LINUX = {
    "roles/ci_engine",
    "roles/engine/files",  # looks for files that may be missing
    *("roles/images/tasks/build.yml", "roles/gateway/tasks/image_build.yml"),
    "roles/images/tasks/build_requirements.yml",
    "roles/images/tasks/image_import.yml",
    "roles/images/tasks/image_node.yml",
    *("roles/host_setup", "roles/cluster_hosts", "roles/network_hosts"),
}
FILES = [
    file
    for folder in (ANSIBLE, LABS)
    for file in sorted(folder.rglob("*"))
    if file.suffix == ".yml"
    or (file.suffix == ".sh" and file.read_text("utf-8").startswith(BASH))
    if not any(file.is_relative_to(folder / place) for place in LINUX)
]


def _scripts(item: object) -> list[str]:
    """Return what is typed into this computer's shell, not elsewhere's."""
    if isinstance(item, list):
        return [text for one in item for text in _scripts(one)]
    if not isinstance(item, dict):
        return []
    found = []
    for key, value in item.items():
        if key == "ansible.builtin.shell" or (
            key == "lab_exec" and "machine" not in value
        ):
            found.append(value if isinstance(value, str) else _text(value))
        else:
            found += _scripts(value)
    return found


def _text(given: dict[str, Any]) -> str:
    argv = given.get("argv") or []
    return (
        given.get("cmd")
        or f"{argv if isinstance(argv, str) else ' '.join(map(str, argv))} "
    )


@pytest.mark.parametrize(
    "file", FILES, ids=lambda file: str(file.relative_to(ANSIBLE.parent))
)
def test_commands_are_macos_s_too(file: Path) -> None:
    """No step of a laptop needs what only Linux has."""
    text = file.read_text(encoding="utf-8")
    lines = [
        line.strip()
        for script in (
            [text] if file.suffix == ".sh" else _scripts(yaml.safe_load(text))
        )
        for line in script.splitlines()
        if not line.strip().startswith("#") and not ELSEWHERE.search(line)
    ]
    assert not [line for line in lines if FOREIGN.search(line)]
