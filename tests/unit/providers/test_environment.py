"""Where labs stand, as the environment says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.errors import UsageError
from graders.plan.plan import make_plan
from graders.providers.base import exec_prefixes, transport
from graders.providers.environment import addresses, inventory, parallelism
from graders.providers.ssh import SshTransport
from graders.settings import ANSIBLE, inventory_file, provider_name

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan()


@pytest.mark.parametrize("given", [None, "", "kind"])
def test_kind(monkeypatch: pytest.MonkeyPatch, given: str | None) -> None:
    """Unless it is said otherwise, labs stand in containers here."""
    if given is not None:
        monkeypatch.setenv("CLUSTER", given)
    monkeypatch.setenv("HOSTS", "/none")

    assert provider_name() == "kind"
    assert inventory() is None
    assert addresses() == {}


@pytest.mark.parametrize("given", ["k3s", "Hosts", "host", "kind "])
def test_neither(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    """A word that is none of the two is not guessed at."""
    monkeypatch.setenv("CLUSTER", given)

    with pytest.raises(UsageError, match=f"be kind or hosts, not '{given}'"):
        inventory()


@pytest.mark.usefixtures("hosts_file")
def test_hosts() -> None:
    """Every role's way is the inventory's."""
    hosts = inventory()

    assert hosts is not None
    assert set(hosts.ways) == {*PLAN.nodes, *PLAN.machines}
    for role, way in hosts.ways.items():
        assert transport(PLAN, role) is way
    assert isinstance(hosts.ways["desk"], SshTransport)
    assert exec_prefixes(PLAN)["client"][-3:] == ["sudo", "-n", "--"]
    assert addresses()["client"] == "127.0.0.17"


def test_changed_inventory(hosts_file: Path) -> None:
    """It is read again once it is another."""
    before = inventory()
    text = hosts_file.read_text(encoding="utf-8")
    hosts_file.write_text(text.replace("127.0.0.17", "127.0.0.99"), "utf-8")

    assert inventory() != before
    assert addresses()["client"] == "127.0.0.99"


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


def test_bad_inventory(hosts_file: Path) -> None:
    """All that is wrong with it is told, each with its line."""
    text = hosts_file.read_text(encoding="utf-8")
    text = text.replace("desk:", "printer:").replace("127.0.0.17", "-x")
    hosts_file.write_text(text.replace("worker2:", "node:"), "utf-8")

    with pytest.raises(UsageError) as caught:
        inventory()

    assert all(
        one.startswith(f"{hosts_file}:") for one in caught.value.problems
    )


@pytest.mark.usefixtures("hosts_file")
@pytest.mark.parametrize(
    ("given", "wanted"), [(None, 0), ("", 0), ("1", 1), ("30", 30)]
)
def test_hosts_at_once(
    monkeypatch: pytest.MonkeyPatch, given: str | None, wanted: int
) -> None:
    """All, unless it is said how many."""
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
