"""What the Vagrantfile asks for, with Vagrant's own language."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from ipaddress import ip_address, ip_interface
from pathlib import Path
from typing import Any

import pytest

from graders.plan.plan import Plan, make_plan
from graders.providers.vm_files import USER, host_files, links
from graders.settings import ANSIBLE

KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPQ= it\'s "me": you'
RUBY = shutil.which("ruby")
FAKE = Path(__file__).with_name("vagrant.rb")

pytestmark = pytest.mark.skipif(RUBY is None, reason="no ruby on PATH")


def _vagrant(data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(RUBY), FAKE, ANSIBLE / "hosts" / "Vagrantfile"],
        env={**os.environ, "LAB_HOSTS": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("student", ["demo", "ada"])
def test_hosts(student: str, tmp_path: Path) -> None:
    """It asks for every host with the plan's names and addresses."""
    plan = make_plan(student)
    data = tmp_path / "hosts.json"
    data.write_text(host_files(plan, KEY, "key")["hosts.json"], "utf-8")

    asked = _vagrant(data)

    machines = json.loads(asked.stdout)["machines"]
    assert list(machines) == [*plan.nodes, *plan.machines]
    for role, machine in machines.items():
        found = [options["ip"] for _, options in machine["networks"]]
        one = (plan.nodes | plan.machines)[role]
        assert found == [str(address) for address in links(one).values()]
        assert machine["hostname"] == plan.machine_name(role)
        assert set(machine["providers"]) == {"libvirt", "virtualbox"}
        assert machine["provisions"][0]["args"] == [USER, KEY]
        _expect_named(plan, machine)
    lan = machines["worker"]["networks"][0][1]
    assert lan["netmask"] == str(plan.lan.netmask)
    assert lan["libvirt__host_ip"] == str(plan.lan_gateway)


def _expect_named(plan: Plan, machine: dict[str, Any]) -> None:
    """Interfaces are called by their MACs, at the next start."""
    named = machine["provisions"][1]
    assert named["reboot"]
    assert Path(named["path"]) == ANSIBLE / "hosts" / "interfaces.sh"
    nets = [plan.lan, plan.edge]
    for at, asked in enumerate(named["args"]):
        name, mac, address = asked.split(",")
        options = machine["networks"][at][1]
        assert name == f"eth{at}"
        assert options["libvirt__mac"] == mac
        assert options["virtualbox__mac"] == mac.upper().replace(":", "")
        assert ip_interface(address).ip == ip_address(options["ip"])
        assert ip_interface(address).network in nets
        assert not options["auto_config"]


def test_without_data(tmp_path: Path) -> None:
    """It says what is missing and how to make it, and no traceback."""
    asked = _vagrant(tmp_path / "none.json")

    assert asked.returncode == 1
    render = "`lab hosts render ansible/hosts/made --key FILE` makes it"
    assert render in asked.stderr
    assert asked.stderr.count("\n") == 1
