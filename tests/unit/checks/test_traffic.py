"""Losses, source addresses and shares of nodes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from graders.checks.check import CheckFailed
from graders.checks.traffic import (
    CONFIRM_FACTOR,
    FLOWS,
    ClientPath,
    busy_nodes,
    connections_per_node,
    expect_no_loss,
    expect_source_port,
    extra_lan_address,
    extra_source_addresses,
    paths_from,
)
from graders.plan.ip_ranges import holds
from graders.plan.plan import make_plan
from graders.polling import WAITS, Wait
from graders.probes.client import Client
from graders.probes.traffic import Flows
from graders.providers.docker import DockerExec
from graders.providers.machine import Machine, Output
from tests.fakes import says

if TYPE_CHECKING:
    from graders.checks.session import Session


OWN = "10.0.0.7"


@dataclass(frozen=True)
class Asks(Machine):
    """A client whose pod gives these answers, and repeats the last."""

    seen: list[str | None] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)

    def run(self, *argv: str, seconds: float = 20, stdin: str = "") -> Output:
        """Print what curl would; None is the client's own port."""
        del seconds, stdin
        port = argv[argv.index("--local-port") + 1]
        self.ports.append(port)
        seen = self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]
        body = f"{OWN}:{port}" if seen is None else seen
        return Output("curl", 0, f"{body}\n{OWN}:{port}", "")


def _way(*seen: str | None) -> tuple[ClientPath, list[str]]:
    machine = Asks("client", DockerExec("metallb-lab-client"), list(seen))
    return ClientPath(Client(machine), "172.18.255.200", OWN), machine.ports


def test_replaced_port() -> None:
    """A port that a node has replaced is tried again."""
    way, ports = _way(f"{OWN}:61001", None)

    expect_source_port(way)

    assert len(ports) == 2


@pytest.mark.parametrize("text", [f"{OWN}:40000", OWN, "172.18.0.3:5000", ""])
def test_constant_answer(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A constant answer is wrong for all ports but one."""
    monkeypatch.setitem(WAITS, "http", Wait(0.3, "a test"))
    way, ports = _way(text)

    with pytest.raises(
        CheckFailed, match=f"port that it sends from, as {OWN}:"
    ):
        expect_source_port(way)

    assert len(set(ports)) > 1


@dataclass(frozen=True)
class Loses(Machine):
    """A client that loses so many flows of each batch."""

    lost: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def run(self, *argv: str, seconds: float = 20, stdin: str = "") -> Output:
        """Print the answers that are not lost."""
        del seconds, stdin
        count = int(argv[-2])
        self.counts.append(count)
        lost = self.lost.pop(0) if len(self.lost) > 1 else self.lost[0]
        return Output("curl", 0, f"{OWN}:1\n" * (count - lost), "")


def _loses(*lost: int) -> tuple[ClientPath, list[int]]:
    machine = Loses("client", DockerExec("metallb-lab-client"), list(lost))
    return ClientPath(Client(machine), "172.18.255.200", OWN), machine.counts


def test_loss_at_first() -> None:
    """A loss at first is tried again; no loss is confirmed by more flows."""
    way, counts = _loses(2, 0)

    assert expect_no_loss(way).answers.total() == FLOWS * CONFIRM_FACTOR
    assert counts == [FLOWS, FLOWS, FLOWS * CONFIRM_FACTOR]


def test_small_loss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One lost flow of the larger batch fails."""
    monkeypatch.setitem(WAITS, "http", Wait(0, "a test"))
    way, _ = _loses(0, 1)
    sent = FLOWS * CONFIRM_FACTOR

    with pytest.raises(CheckFailed, match=f"{sent} of {sent}, not {sent - 1}"):
        expect_no_loss(way)


def test_extra_source_addresses() -> None:
    """There is one in each half of the edge network, removed at the end."""
    plan, machine = make_plan("demo"), says("")
    lab = SimpleNamespace(plan=plan, machine=lambda _: machine)
    lower, upper = plan.edge.subnets()

    with extra_source_addresses(cast("Session", lab)) as addresses:
        first, second = map(ip_address, addresses)

    assert first in lower
    assert second in upper
    hosts = {host.edge for host in plan.machines.values()}
    assert not {first, second} & {*hosts, plan.edge_gateway}
    added, removed = machine.asked
    assert added.replace("replace", "del") == removed
    assert all(f"{address}/24" in removed for address in addresses)


def test_extra_lan_address() -> None:
    """It is nobody's: of the range for Services, and of no pool."""
    plan, machine = make_plan("demo"), says("")
    lab = SimpleNamespace(plan=plan, machine=lambda _: machine)

    with extra_lan_address(cast("Session", lab)) as address:
        assert ip_address(address) in plan.service_range
        assert not holds([plan.pool, plan.ingress_pool], address)

    added, removed = machine.asked
    assert added.replace("replace", "del") == removed
    assert f"{address}/16" in removed


def test_paths_from() -> None:
    """Each address is the source, and must be seen as the source."""
    client = Client(says(""))
    lab = SimpleNamespace(client=client)

    ways = paths_from(cast("Session", lab), ["10.90.0.77"], "a", "b")

    assert [way.vip for way in ways] == ["a", "b"]
    assert {(way.expected_source, way.source) for way in ways} == {
        ("10.90.0.77", "10.90.0.77")
    }


PODS = {"web-1": "worker", "web-2": "worker2"}


def test_busy_nodes() -> None:
    """A node needs several connections to count."""
    seen = Flows("curl", Counter({"web-1": 37, "web-2": 3}), 0)

    assert connections_per_node(PODS, seen) == {"worker": 37, "worker2": 3}
    assert busy_nodes(PODS, seen) == {"worker"}


def test_answer_of_no_pod() -> None:
    """It counts for no node, and is shown as it is."""
    seen = Flows("curl", Counter({"web-1": 20, "tea": 20}), 0)

    assert connections_per_node(PODS, seen)["tea, no pod of web"] == 20
    assert "worker2" not in busy_nodes(PODS, seen)
