"""What the grader makes of a pod's word for who asks it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from graders.checks.check import CheckFailed
from graders.checks.traffic import (
    FLOWS,
    MORE,
    ClientPath,
    expect_no_loss,
    expect_source_port,
)
from graders.polling import WAITS, Wait
from graders.probes.client import Client
from graders.providers.docker import DockerExec
from graders.providers.machine import Machine, Output

OWN = "10.0.0.7"


@dataclass(frozen=True)
class Asks(Machine):
    """A client whose pod says one thing after the other, the last forever."""

    seen: list[str | None] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)

    def run(self, *argv: str, seconds: float = 20, stdin: str = "") -> Output:
        """Answer as curl would print it; None is the client's own port."""
        del seconds, stdin
        port = argv[argv.index("--local-port") + 1]
        self.ports.append(port)
        seen = self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]
        body = f"{OWN}:{port}" if seen is None else seen
        return Output("curl", 0, f"{body}\n{OWN}:{port}", "")


def _way(*seen: str | None) -> tuple[ClientPath, list[str]]:
    machine = Asks("client", DockerExec("metallb-lab-client"), list(seen))
    return ClientPath(Client(machine), "172.18.255.200", OWN), machine.ports


def test_a_port_that_a_node_gave_another_is_no_fault() -> None:
    """What the other VIP's flow left behind is not held against web."""
    way, ports = _way(f"{OWN}:61001", None)

    expect_source_port(way)

    assert len(ports) == 2


@pytest.mark.parametrize("text", [f"{OWN}:40000", OWN, "172.18.0.3:5000", ""])
def test_a_text_that_was_written_down_is_refused(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No text is right for every port, however often it is asked for."""
    monkeypatch.setitem(WAITS, "http", Wait(0.3, "a test"))
    way, ports = _way(text)

    with pytest.raises(
        CheckFailed, match=f"port that it sends from, as {OWN}:"
    ):
        expect_source_port(way)

    assert len(set(ports)) > 1


@dataclass(frozen=True)
class Loses(Machine):
    """A client that loses so many flows of each batch, the last forever."""

    lost: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def run(self, *argv: str, seconds: float = 20, stdin: str = "") -> Output:
        """Print the answers."""
        del seconds, stdin
        count = int(argv[-2])
        self.counts.append(count)
        lost = self.lost.pop(0) if len(self.lost) > 1 else self.lost[0]
        return Output("curl", 0, f"{OWN}:1\n" * (count - lost), "")


def _loses(*lost: int) -> tuple[ClientPath, list[int]]:
    machine = Loses("client", DockerExec("metallb-lab-client"), list(lost))
    return ClientPath(Client(machine), "172.18.255.200", OWN), machine.counts


def test_a_clean_batch_is_followed_by_a_larger_one() -> None:
    """What is lost at first, while nodes still learn, is forgiven."""
    way, counts = _loses(2, 0)

    assert expect_no_loss(way).answers.total() == FLOWS * MORE
    assert counts == [FLOWS, FLOWS, FLOWS * MORE]


def test_a_small_steady_loss_is_a_loss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That a few flows got through is luck."""
    monkeypatch.setitem(WAITS, "http", Wait(0, "a test"))
    way, _ = _loses(0, 1)
    sent = FLOWS * MORE

    with pytest.raises(CheckFailed, match=f"{sent} of {sent}, not {sent - 1}"):
        expect_no_loss(way)
