"""The inventory of hosts: the example, and everything that is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from graders.errors import UsageError
from graders.plan.plan import make_plan
from graders.providers.inventory import (
    CLUSTER,
    FABRIC,
    inventory,
    parallelism,
    read_hosts,
)
from graders.settings import ANSIBLE, inventory_file
from graders.yamlfile import line_of

EXAMPLE = ANSIBLE / "inventory" / "hosts.example.yml"
PLAN = make_plan()


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Copy the example to where its key is there."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "metallb-lab").touch()
    path = tmp_path / "hosts.yml"
    path.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    return path


def _change(file: Path, *pairs: tuple[str, str]) -> None:
    text = file.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def _problems(file: Path) -> list[str]:
    """Return the problems, without the file's folder."""
    with pytest.raises(UsageError) as caught:
        read_hosts(file)
    return [one.removeprefix(str(file)) for one in caught.value.problems]


def test_example(file: Path) -> None:
    """It is right as shipped, and has the addresses of the demo's plan."""
    found = read_hosts(file)

    assert list(found.cluster) == ["control-plane", "worker", "worker2"]
    assert set(found.fabric) == set(FABRIC)
    for role, machine in (PLAN.nodes | PLAN.machines).items():
        address = machine.lan or machine.edge
        assert found.transports[role].target.address == str(address)


def test_way_in(file: Path) -> None:
    """A host has the common values by default; paths start at the file."""
    _change(
        file,
        ("{ansible_host: 172.18.1.3}", "{ansible_host: h, ansible_port: 23}"),
        ("172.18.1.4}", "172.18.1.4, ansible_user: root}"),
    )

    found = read_hosts(file).transports

    login = found["worker"].target
    assert (login.address, login.port, login.user) == ("h", 23, "debian")
    assert login.key == file.parent / ".ssh" / "metallb-lab"
    assert login.known_hosts == file.parent / "known_hosts"
    assert found["worker"].sudo
    assert not found["worker2"].sudo


def test_more_workers(file: Path) -> None:
    """A third worker has no part in any lab."""
    more = "172.18.1.4}\n        worker3: {ansible_host: 172.18.1.5}"
    _change(file, ("172.18.1.4}", more))

    assert _problems(file) == [
        (
            ":18: a host of the cluster must be one of control-plane, worker,"
            " worker2, not 'worker3': a lab has two workers"
        )
    ]


def test_all_problems_of_form_at_once(file: Path) -> None:
    """Each has its line, its key, the rule and the value."""
    _change(
        file,
        ("172.18.1.2}", "172.18.1.2, ansible_prt: 22}"),
        ("172.18.1.3}", "-oProxyCommand=x}"),
        ("172.18.1.4}", "172.18.1.4, ansible_port: 70000}"),
        ("ansible_user: debian", "ansible_user: Debian!"),
        ("known_hosts: known", "known_host: known"),
    )

    at = "all.children.cluster.hosts"
    assert _problems(file) == [
        (
            ":7: all.vars.ansible_user must be a user's name: of a-z, 0-9, _"
            " and -, with a letter first, not 'Debian!'"
        ),
        ":10: all.vars.known_host is not a key that hosts.yml knows",
        (
            f":15: {at}.control-plane.ansible_prt is not a key that hosts.yml"
            " knows"
        ),
        (
            f":16: {at}.worker.ansible_host must be an IP address or a name of"
            " DNS, not '-oProxyCommand=x'"
        ),
        f":17: {at}.worker2.ansible_port must be 65535 or less, not 70000",
    ]


def test_all_that_does_not_fit_at_once(file: Path) -> None:
    """Roles that lack, names that are none, addresses given twice."""
    _change(
        file,
        ("worker2:", "node-2:"),
        ("172.18.1.4", "172.18.1.3"),
        ("desk:", "printer:"),
        ("~/.ssh/metallb-lab", "~/.ssh/none"),
    )

    assert _problems(file) == [
        ":14: a host worker2 must be given",
        (
            ":17: a host of the cluster must be one of control-plane, worker,"
            " worker2, not 'node-2'"
        ),
        ":22: a host desk must be given",
        (
            ":26: a host of the fabric must be one of router, lan-client,"
            " dhcp, desk, client, or fabric-host for all of them, not"
            " 'printer'"
        ),
        (
            ":17: ansible_host of node-2 must be its own, not 172.18.1.3,"
            " which is worker's"
        ),
        (
            ":8: ansible_ssh_private_key_file must be an existing file,"
            " not '~/.ssh/none'"
        ),
    ]


def test_fabric_on_one_host(file: Path) -> None:
    """All machines are inside it, each with a separate connection."""
    text = file.read_text(encoding="utf-8")
    head, _, _ = text.partition("        router:")
    more = "        fabric-host: {ansible_host: 172.18.1.100}\n"
    file.write_text(head + more, encoding="utf-8")

    found = read_hosts(file)

    assert list(found.hosts) == [*CLUSTER, "fabric-host"]
    assert list(found.transports) == [*CLUSTER, *FABRIC]
    desk, router = found.transports["desk"], found.transports["router"]
    assert desk.target == found.hosts["fabric-host"].target == router.target
    assert desk.prefix[-4:] == ("-n", "--", "/usr/local/bin/lab-on", "desk")
    assert desk.prefix[:-1] != router.prefix[:-1]


def test_fabric_on_one_host_and_others(file: Path) -> None:
    """What it has, no other host may have."""
    _change(file, ("        desk:", "        fabric-host:"))

    assert _problems(file) == [
        f":{line}: '{name}' must be left out: fabric-host has all machines of"
        " the fabric"
        for line, name in (
            *((23, "router"), (24, "lan-client"), (25, "dhcp")),
            (27, "client"),
        )
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- a\n", " must be keys with values, not ['a']"),
        ("all: 1\n", ":1: all must be keys with values, not 1"),
        ("all:\n  vars: {\n", "must be YAML"),
        ("{}\n", ":1: all must be given"),
    ],
)
def test_not_even_an_inventory(file: Path, text: str, told: str) -> None:
    """Whatever is in the file, there is a line about it."""
    file.write_text(text, encoding="utf-8")

    assert told in _problems(file)[0]


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(UsageError, match="must be a readable file: No such"):
        read_hosts(tmp_path / "hosts.yml")


def test_line_of_an_item(tmp_path: Path) -> None:
    """Items of a list count from 0; one too many is the list's own line."""
    path = tmp_path / "x.yml"
    path.write_text("a: 1\nb:\n  - c\n  - d\n", encoding="utf-8")

    assert line_of(path, ("b", 1)) == 4
    assert line_of(path, ("b", 7)) == 2
    assert line_of(path, ("z",)) == 1


@pytest.mark.slow
def test_ansible_reads_it_too(file: Path) -> None:
    """It is an inventory of Ansible's own form, without a warning."""
    program = Path(sys.executable).with_name("ansible-inventory")

    done = subprocess.run(
        [program, "-i", file, "--list"],
        env={**os.environ, "ANSIBLE_LOCAL_TEMP": str(file.parent)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert not done.stderr
    found = json.loads(done.stdout)
    assert found["cluster"]["hosts"] == list(read_hosts(file).cluster)
    host = found["_meta"]["hostvars"]["worker2"]
    assert host["ansible_host"] == "172.18.1.4"
    assert host["ansible_user"] == "debian"


def test_changed_inventory(hosts_file: Path) -> None:
    """It is read again once it is another."""
    before = inventory()
    text = hosts_file.read_text(encoding="utf-8")
    hosts_file.write_text(text.replace("127.0.0.17", "127.0.0.99"), "utf-8")

    assert inventory() != before
    assert inventory().hosts["client"].target.address == "127.0.0.99"


def test_own_inventory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without HOSTS it is the kit's folder's; `~` is the person's."""
    monkeypatch.setenv("CLUSTER", "hosts")

    assert inventory_file() == ANSIBLE / "inventory" / "hosts.yml"
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("HOSTS", "~/hosts.yml")
    assert str(inventory_file()) == "/home/me/hosts.yml"


def test_no_inventory(hosts_file: Path) -> None:
    """It says how to get one."""
    hosts_file.unlink()

    with pytest.raises(UsageError) as caught:
        inventory()

    told = str(caught.value)
    assert told.startswith(
        f"CLUSTER=hosts needs an inventory, and {hosts_file}"
    )
    assert "hosts.example.yml there" in told


@pytest.mark.usefixtures("hosts_file")
@pytest.mark.parametrize(
    ("given", "wanted"), [(None, 0), ("", 0), ("1", 1), ("30", 30)]
)
def test_hosts_at_once(
    monkeypatch: pytest.MonkeyPatch, given: str | None, wanted: int
) -> None:
    """All hosts by default."""
    monkeypatch.delenv("HOSTS_AT_ONCE", raising=False)
    if given is not None:
        monkeypatch.setenv("HOSTS_AT_ONCE", given)

    assert parallelism() == wanted


@pytest.mark.usefixtures("hosts_file")
@pytest.mark.parametrize("given", ["0", "-1", "all", "1; reboot", "1\n"])
def test_no_number_of_hosts(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    """It goes into a script, and nothing but a number does."""
    monkeypatch.setenv("HOSTS_AT_ONCE", given)

    with pytest.raises(UsageError, match="HOSTS_AT_ONCE must be a whole"):
        parallelism()


def test_nonce(file: Path) -> None:
    """Hosts that were made with a class ticket say so; others have none."""
    assert read_hosts(file).nonce == ""
    _change(
        file, ("  vars:\n", "  vars:\n    class_nonce: 00112233445566ff\n")
    )
    assert read_hosts(file).nonce == "00112233445566ff"
    _change(file, ("00112233445566ff", "none"))
    assert "16 of 0-9 and a-f" in _problems(file)[0]
