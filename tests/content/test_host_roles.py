"""What Ansible does on hosts is what it does on containers, and undone."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jinja2 import Template

from graders.providers.hosts import MARK
from graders.settings import ANSIBLE, ROOT

if TYPE_CHECKING:
    from pathlib import Path

ROLES = ANSIBLE / "roles"
# All but those that this computer's bash runs.
SCRIPTS = [
    file
    for file in [
        *(ANSIBLE / "files" / "lib").glob("*.sh"),
        *ROLES.glob("*/files/*.sh"),
        *(ROLES / "network_hosts" / "files").glob("lab-*"),
        ROOT / "tests" / "hosts" / "as_found.sh",
    ]
    if not file.read_text(encoding="utf-8").startswith("#!/bin/bash")
]


def _defaults(role: str) -> dict[str, Any]:
    file = ROLES / role / "defaults" / "main.yml"
    found: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


def _packages_of(dockerfile: Path) -> set[str]:
    """Return what it installs."""
    text = dockerfile.read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.search(r"--no-install-recommends (.*?)&&", text)
    assert found
    return set(shlex.split(found[1]))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: file.name)
def test_scripts_are_for_any_shell(script: Path) -> None:
    """They are typed into the /bin/sh of a host, whichever that is."""
    shell = shutil.which("dash") or "sh"
    subprocess.run([shell, "-n", str(script)], check=True)


def test_fabric_has_the_same_tasks_on_both() -> None:
    """Playbooks include them by name, whichever of the two roles it is."""
    both = [
        {file.name for file in (ROLES / role / "tasks").glob("*.yml")}
        for role in ("network_kind", "network_hosts")
    ]
    assert both[0] - {"machine.yml"} == both[1]


def test_machines_have_the_packages_of_the_appliance() -> None:
    """A host of the fabric can do what the container of its role can."""
    image = ROLES / "images" / "files" / "docker" / "appliance"
    given = _defaults("host_setup")["host_setup_packages"]
    there = {*given["all"], *given["machine"], *given["router"]}
    # systemd reaps there what catatonit reaps in a container.
    assert _packages_of(image / "Dockerfile") - there == {"catatonit"}


def test_what_a_node_writes_is_claimed() -> None:
    """All that node.sh writes or enables by itself goes with the lab."""
    script = ROLES / "cluster_hosts" / "files" / "node.sh"
    text = script.read_text(encoding="utf-8")
    written = set(re.findall(r"> /(etc/\S+)", text))
    claimed = set(_defaults("cluster_hosts")["cluster_hosts_written"])
    enabled = "etc/systemd/system/multi-user.target.wants/"

    assert written
    assert claimed - written == {f"{enabled}metallb-lab-route.service"}
    assert not written - claimed


def test_mark_is_what_preflight_looks_for() -> None:
    """One file says whose a host is."""
    for name in ("prepare.sh", "cleanup.sh"):
        text = (ROLES / "host_setup" / "files" / name).read_text("utf-8")
        assert MARK in text


@pytest.mark.parametrize(
    ("at", "server"),
    [
        ("10.0.0.2", "https://10.0.0.2:6443"),
        ("node.example", "https://node.example:6443"),
        ("fd00::2", "https://[fd00::2]:6443"),
    ],
)
def test_where_the_api_server_is(at: str, server: str) -> None:
    """A URL has an address of IPv6 in brackets."""
    file = ROLES / "cluster_hosts" / "tasks" / "create.yml"
    tasks = yaml.safe_load(file.read_text(encoding="utf-8"))
    (found,) = (
        task["lab_exec"]["environment"]["SERVER"]
        for task in tasks
        if "SERVER" in task.get("lab_exec", {}).get("environment", {})
    )
    assert Template(found).render(address=at) == server
