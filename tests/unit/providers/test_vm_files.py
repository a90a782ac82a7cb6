"""What makes the hosts: every address is the plan's, and all of it reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from graders.cli.main import lab_app
from graders.doctor.facts import Facts
from graders.doctor.rules import place_on_lan
from graders.errors import UsageError
from graders.plan.networks import mac
from graders.plan.plan import Plan, make_plan
from graders.providers.inventory import FABRIC_HOST, read_hosts
from graders.providers.vm_files import USER, host_files, links, read_key
from tests.tickets import NONCE

if TYPE_CHECKING:
    from pathlib import Path

KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPQ= it\'s "me": you'
PLANS = [make_plan(), make_plan("ada"), make_plan("ada", nonce=NONCE)]

each_plan = pytest.mark.parametrize(
    "plan", PLANS, ids=["demo", "ada", "class"]
)
students = st.sampled_from(["demo", "ada", "bob", "s-17", "x" * 20])


def _roles(plan: Plan) -> list[str]:
    return [*plan.nodes, *plan.machines]


def _files(plan: Plan) -> dict[str, str]:
    return host_files(plan, KEY, "/home/me/.ssh/metallb-lab")


def _read(plan: Plan, role: str, name: str) -> Any:  # noqa: ANN401 - YAML
    return yaml.safe_load(_files(plan)[f"cloud-init/{role}/{name}"])


@each_plan
def test_user_data(plan: Plan) -> None:
    """It is cloud-config that names the host and lets the key in."""
    for role, machine in (plan.nodes | plan.machines).items():
        text = _files(plan)[f"cloud-init/{role}/user-data"]
        data = yaml.safe_load(text)

        assert text.startswith("#cloud-config\n")
        assert data["hostname"] == machine.name
        (user,) = data["users"]
        assert user["name"] == USER
        assert user["ssh_authorized_keys"] == [KEY]
        assert user["sudo"] == "ALL=(ALL) NOPASSWD:ALL"
        assert ["swapoff", "-a"] in data["bootcmd"]
        assert data["ssh_pwauth"] is False


@each_plan
def test_addresses_are_the_plan_s(plan: Plan) -> None:
    """Interfaces are named as on the containers, LAN first."""
    found = _read(plan, "router", "network-config")["ethernets"]
    router = plan.machines["router"]

    assert found["eth0"]["addresses"] == [f"{router.lan}/16"]
    assert found["eth1"]["addresses"] == [f"{router.edge}/24"]
    for role, machine in plan.nodes.items():
        found = _read(plan, role, "network-config")["ethernets"]
        assert machine.lan is not None
        assert found["eth0"]["addresses"] == [f"{machine.lan}/16"]
        assert found["eth0"]["match"]["macaddress"] == mac(machine.lan)
        assert found["eth0"]["set-name"] == "eth0"
        # Lab 2 lays its storage network over the LAN, and calls it eth1.
        assert set(found) == {"eth0", "outside"}
    client = _read(plan, "client", "network-config")["ethernets"]
    edge = plan.machines["client"].edge
    assert client["eth0"]["addresses"] == [f"{edge}/24"]
    assert set(client) == {"eth0", "outside"}


@each_plan
def test_addresses_are_what_preflight_wants(plan: Plan) -> None:
    """The doctor accepts rendered hosts."""
    for role in _roles(plan):
        found = _read(plan, role, "network-config")["ethernets"]
        given = {
            name: end["addresses"][0]
            for name, end in found.items()
            if "addresses" in end
        }
        assert given == plan.interfaces(role)


@given(students)
def test_no_two_interfaces_share_a_mac(student: str) -> None:
    """Nor with another student's: a MAC holds the whole address."""
    plan = make_plan(student)
    macs = [
        mac(address)
        for machine in (plan.nodes | plan.machines).values()
        for address in links(machine).values()
    ]

    assert len(set(macs)) == len(macs)
    assert all(one.startswith("02:4d:") for one in macs)


@each_plan
def test_each_host_is_another_instance(plan: Plan) -> None:
    """cloud-init runs again for each."""
    ids = {
        _read(plan, role, "meta-data")["instance-id"] for role in _roles(plan)
    }

    assert ids == {*plan.node_names(), *plan.machine_names()}


@each_plan
def test_inventory_can_be_read(plan: Plan, tmp_path: Path) -> None:
    """The kit takes it as it is, and reaches each host at its address."""
    key = tmp_path / "key"
    key.touch()
    file = tmp_path / "hosts.yml"
    text = host_files(plan, KEY, str(key))["hosts.yml"]
    file.write_text(text, encoding="utf-8")

    ways = read_hosts(file).transports

    assert list(ways) == _roles(plan)
    for role, machine in (plan.nodes | plan.machines).items():
        login = ways[role].target
        assert login.address == str(machine.lan or machine.edge)
        assert (login.user, login.key) == (USER, key)


def test_render(tmp_path: Path) -> None:
    """`lab hosts render` writes all of it; a second time is the same."""
    key = tmp_path / "my key.pub"
    key.write_text(f"{KEY}\n", encoding="utf-8")
    folder = tmp_path / "a" / "b"
    typed = ["hosts", "render", str(folder), "--key", str(key)]

    first = CliRunner().invoke(lab_app, [*typed, "--student", "ada"])
    second = CliRunner().invoke(lab_app, [*typed, "--student", "ada"])

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "wrote 26 files" in first.output
    written = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }
    secret = str(tmp_path / "my key")
    assert written == host_files(make_plan("ada"), KEY, secret)


@each_plan
def test_one_host_for_the_fabric(plan: Plan, tmp_path: Path) -> None:
    """Four hosts, the fourth where preflight wants it, on the LAN alone."""
    key = tmp_path / "key"
    key.touch()
    files = host_files(plan, KEY, str(key), one_fabric_host=True)
    file = tmp_path / "hosts.yml"
    file.write_text(files["hosts.yml"], encoding="utf-8")

    found = read_hosts(file)

    names = [*plan.nodes, FABRIC_HOST]
    assert list(found.hosts) == names
    data = json.loads(files["hosts.json"])["hosts"]
    assert [one["role"] for one in data] == names
    assert [one["promiscuous"] for one in data] == [False] * 3 + [True]
    (end,) = data[-1]["links"]
    assert end["network"] == "lan"
    assert end["address"] == found.hosts[FABRIC_HOST].target.address
    there = Facts({"addresses": f"eth0={end['address']}/16"})
    assert not list(place_on_lan(plan, there))


def test_render_for_one_fabric_host(tmp_path: Path) -> None:
    """The command line's option leads there."""
    key = tmp_path / "key.pub"
    key.write_text(KEY, encoding="utf-8")
    typed = ["hosts", "render", str(tmp_path / "made"), "--key", str(key)]

    done = CliRunner().invoke(lab_app, [*typed, "--one-fabric-host"])

    assert "wrote 14 files" in done.output


def test_nowhere_to_write(tmp_path: Path) -> None:
    """A folder that cannot be created is an error."""
    key = tmp_path / "key.pub"
    key.write_text(KEY, encoding="utf-8")

    done = CliRunner().invoke(
        lab_app, ["hosts", "render", str(key), "--key", str(key)]
    )

    assert done.exit_code == 2
    assert "must be a folder to write to" in done.output


@pytest.mark.parametrize(
    "text", ["", "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n", "ssh-x y"]
)
def test_no_public_key(tmp_path: Path, text: str) -> None:
    """The secret key by mistake is refused, and not shown."""
    file = tmp_path / "key"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(UsageError, match="must be a public key") as caught:
        read_key(file)

    assert "c2Vj" not in str(caught.value)
    with pytest.raises(UsageError, match=r"No such file.*; ssh-keygen"):
        read_key(tmp_path / "none")
