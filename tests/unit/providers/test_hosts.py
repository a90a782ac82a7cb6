"""The hosts provider: which hosts answer, and which lab has them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.providers import hosts as module
from graders.providers.hosts import (
    HostsProvider,
    HostStatus,
    belongs_to,
    describe,
    query_hosts,
)
from graders.providers.machine import MachineError, Output
from tests.tickets import install

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan("ada")
ROLES = [*PLAN.nodes, *PLAN.machines]


@dataclass
class Host:
    """A host that says this, or why it says nothing."""

    role: str
    said: str
    error: CannotCheck | None = None
    code: int = 0
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def run(self, *argv: str, seconds: float = 10, stdin: str = "") -> Output:
        """Say it."""
        assert seconds < 20
        assert bool(stdin) == (argv[:2] == ("sh", "-s"))
        self.asked.append(argv)
        if self.error:
            raise self.error
        return Output(" ".join(argv), self.code, self.said, "no classifier")


def _said(role: str) -> str:
    addresses = [
        f"address={interface} {address}"
        for interface, address in PLAN.interfaces(role).items()
    ]
    mac = f"02:4D:00:00:00:{ROLES.index(role):02X}"
    lines = [f"mark={PLAN.cluster}", f"mac={mac}", "mac="]
    return "\n".join([*lines, "address=lo 127.0.0.1/8", *addresses])


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Host]:
    """Run a lab on hosts; a test changes what it is about."""
    there = {role: Host(role, _said(role)) for role in ROLES}
    fake = SimpleNamespace(transports=dict.fromkeys(ROLES), nonce="")
    monkeypatch.setattr(module, "inventory", lambda: fake)
    monkeypatch.setattr(module, "Machine", lambda role, _: there[role])
    return there


def _silent(role: str) -> MachineError:
    cause = "root@h cannot be reached: no route"
    message = f"could not look from {role}: {cause}"
    return MachineError(message, cause, remedy="is it on?")


def test_numbers_are_those_that_the_hosts_have(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A ticket that comes later does not move them; the inventory says it."""
    monkeypatch.setenv("METALLB_LAB_CONFIG", str(tmp_path))
    install("ada")
    for nonce in ("", "ff" * 8):
        fake = SimpleNamespace(nonce=nonce)
        monkeypatch.setattr(module, "inventory", lambda fake=fake: fake)

        found = HostsProvider().locate("ada")

        assert found.plan == make_plan("ada", nonce=nonce)


@pytest.mark.usefixtures("hosts")
def test_all_run() -> None:
    """Each is marked, and has its addresses where they belong."""
    assert list(query_hosts(PLAN)) == ROLES
    status = HostsProvider().status("ada")
    assert all(one.running for one in status.machines.values())
    assert (status.place, status.needs_doctor) == ("on hosts", False)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (f"mark={PLAN.cluster}", "mark=", "no lab of the kit is there"),
        (PLAN.cluster, "metallb-lab-bob", "lab metallb-lab-bob is there"),
        ("=eth0 ", "=ens3 ", "not at the addresses of the plan"),
        ("/16", "/24", "not at the addresses of the plan"),
    ],
)
def test_one_is_not_ready(
    hosts: dict[str, Host], old: str, new: str, words: str
) -> None:
    """Its state names the other lab, or the wrong address."""
    hosts["worker"].said = hosts["worker"].said.replace(old, new)

    seen = query_hosts(PLAN)

    assert describe(PLAN, "worker", seen["worker"]) == f"answers; {words}"
    assert describe(PLAN, "worker2", seen["worker2"]) == "running"
    assert HostsProvider().status("ada").needs_doctor


def test_one_is_silent(hosts: dict[str, Host]) -> None:
    """The others are asked nevertheless, and its state says why."""
    hosts["desk"].error = _silent("desk")

    seen = query_hosts(PLAN)

    assert isinstance(seen["desk"], CannotCheck)
    assert not belongs_to(PLAN, "desk", seen["desk"])
    assert describe(PLAN, "desk", seen["desk"]) == (
        "root@h cannot be reached: no route"
    )
    assert all(host.asked for host in hosts.values())


def test_macs(hosts: dict[str, Host]) -> None:
    """Nodes are known by their MACs, an interface's own before another."""
    hosts["worker"].said += "\nmac=02:4D:00:00:00:FF"

    assert HostsProvider().node_macs(PLAN) == {
        "02:4d:00:00:00:00": "metallb-lab-ada-control-plane",
        "02:4d:00:00:00:ff": "metallb-lab-ada-worker",
        "02:4d:00:00:00:02": "metallb-lab-ada-worker2",
    }


def test_no_macs_without_a_node(hosts: dict[str, Host]) -> None:
    """A node that is silent is no other machine's MAC; a machine may be."""
    hosts["client"].error = _silent("client")
    assert len(HostsProvider().node_macs(PLAN)) == 3
    hosts["worker2"].error = _silent("worker2")

    with pytest.raises(CannotCheck, match=r"worker2: .* cannot be reached"):
        HostsProvider().node_macs(PLAN)


def test_status_script() -> None:
    """The question is one for any shell, and this computer answers it."""
    done = subprocess.run(
        ["sh", "-c", module._STATUS_SCRIPT],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.startswith("mark=")
    assert "address=lo 127.0.0.1/8" in done.stdout
    assert isinstance(HostStatus("", "", {}), HostStatus)


def test_silence(hosts: dict[str, Host]) -> None:
    """It is for a bounded time, and can be ended earlier."""
    host = hosts["worker"]
    node = PLAN.machine_name("worker")

    HostsProvider().silence(PLAN, node)
    assert host.asked == [("sh", "-s", "120")]

    assert HostsProvider().resume(PLAN, node)
    assert host.asked[1:] == [("systemctl", "stop", "metallb-lab-silence")]


def test_silence_fails(hosts: dict[str, Host]) -> None:
    """What its kernel lacks is named."""
    hosts["worker"].code = 1

    with pytest.raises(
        CannotCheck, match="worker cannot be cut off: no class"
    ):
        HostsProvider().silence(PLAN, PLAN.machine_name("worker"))


@pytest.mark.usefixtures("hosts_file")
def test_machines_that_do_not_answer() -> None:
    """What keeps a host from answering is its state."""
    found = HostsProvider().machines(PLAN)

    router = found["router"]
    assert router.address == " ".join(PLAN.interfaces("router").values())
    assert router.state == (
        "debian@127.0.0.13 port 1 cannot be reached: Connection refused"
    )
    assert len(found) == 8
