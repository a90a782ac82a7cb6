"""`lab down` on this computer removes what has the lab's label only."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from pathlib import Path

FILES: Final = ANSIBLE / "roles" / "network_kind" / "files"
# What docker has: a network with a node of an earlier version on it, a machine
# and a volume with labels. OLD is the volume that the machine uses.
DOCKER: Final = """#!/bin/sh
case "$*" in
*"label=metallb-lab.student=ada"*) ours=yes ;;
*) ours= ;;
esac
case "$1 $2 $ours" in
"network ls yes") echo lan ;;
"ps --all yes") echo machine ;;
"ps --all ") case "$*" in *network=lan*) echo node; echo machine ;; esac ;;
"volume ls yes") echo $NEW ;;
"inspect "*) printf '%s\n' '' other $OLD ;;
*rm*) echo "$*" >> "$LOG" ;;
esac
"""


@pytest.mark.parametrize(
    ("new", "old", "volumes"),
    [
        ("lab-state", "lab-state", ["volume rm --force lab-state"]),
        ("", "lab-state", ["volume rm --force lab-state"]),
        ("", "", []),
    ],
)
def test_remove(
    tmp_path: Path, new: str, old: str, volumes: list[str]
) -> None:
    """Each thing is removed once; a volume of the name alone is not."""
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    state = tmp_path / "state"
    (state / "kind").mkdir(parents=True)
    (state / "logs").mkdir()

    script = "".join(
        (FILES / name).read_text(encoding="utf-8")
        for name in ("lab_containers.sh", "remove.sh")
    )
    subprocess.run(
        ["bash", "-c", script],
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "STUDENT": "ada",
            "CLUSTER_NAME": "metallb-lab-ada",
            "VOLUME": "lab-state",
            "FOLDER": str(state),
            "LOG": str(tmp_path / "log"),
            "NEW": new,
            "OLD": old,
        },
        capture_output=True,
        check=True,
    )

    assert (tmp_path / "log").read_text().splitlines() == [
        "rm --force --volumes machine node",
        *volumes,
        "network rm lan",
    ]
    assert [folder.name for folder in state.iterdir()] == ["logs"]
