"""How a node is cut off, and what happens if it cannot be."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from graders.checks import node_failure
from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.polling import WAITS
from graders.providers.machine import Output

if TYPE_CHECKING:
    from graders.checks.session import Session

PLAN = make_plan("ada")
LAB = cast("Session", SimpleNamespace(plan=PLAN))
WORKER = PLAN.machine_name("worker")


class Engine:
    """An engine that cannot pause a node the first few times."""

    def __init__(self, failures: int) -> None:
        """Remember how often to fail."""
        self.failures = failures
        self.calls: list[str] = []

    def __call__(self, verb: str, node: str) -> str:
        """Do as told, or say why not."""
        self.calls.append(verb)
        if verb == "pause" and self.calls.count("pause") <= self.failures:
            raise CannotCheck(f"could not pause {node}: unable to freeze")
        return ""


def cut_off(monkeypatch: pytest.MonkeyPatch, failures: int) -> list[str]:
    """Cut a worker off, and return what was asked of the engine."""
    engine = Engine(failures)
    monkeypatch.setattr(node_failure, "docker", engine)
    monkeypatch.setattr(node_failure, "_back", lambda *_: None)
    with node_failure.isolate(LAB, WORKER):
        engine.calls.append("inside")
    return engine.calls


def test_a_node_that_cannot_be_stopped_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is tried again, and resumed once."""
    calls = cut_off(monkeypatch, failures=2)

    assert calls == ["pause", "pause", "pause", "inside", "unpause"]


def test_a_node_that_cannot_be_stopped_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It cannot be checked what happens without it."""
    with pytest.raises(CannotCheck, match="unable to freeze"):
        cut_off(monkeypatch, failures=9)


class Host:
    """A host that does as told, or fails at one thing."""

    def __init__(self, failing: str = "") -> None:
        """Remember what fails."""
        self.role = "worker"
        self.failing = failing
        self.calls: list[str] = []

    def run(self, *argv: str, stdin: str = "") -> Output:
        """Do as told."""
        self.calls.append(" ".join(argv))
        code = int(bool(self.failing) and argv[0] == self.failing)
        assert bool(stdin) == (argv[0] == "sh")
        return Output(" ".join(argv), code, "", "no classifier")


def _on_hosts(monkeypatch: pytest.MonkeyPatch, host: Host) -> Session:
    monkeypatch.setattr(node_failure, "inventory", object)
    monkeypatch.setattr(
        node_failure, "_back", lambda *given: host.calls.append(given[-1])
    )
    lab = SimpleNamespace(plan=PLAN, machine={"worker": host}.get)
    return cast("Session", lab)


def test_a_host_falls_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a bounded time, which is ended and waited for, come what may."""
    host = Host()
    lab = _on_hosts(monkeypatch, host)

    with pytest.raises(KeyboardInterrupt):
        _interrupted(lab, host)

    assert host.calls[1:] == [
        "systemctl stop metallb-lab-silence",
        "host-back",
    ]


def _interrupted(lab: Session, host: Host) -> None:
    with node_failure.isolate(lab, WORKER):
        assert host.calls == ["sh -s 120"]
        raise KeyboardInterrupt


def test_a_host_that_cannot_fall_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What its kernel lacks is told, and whatever began is undone."""
    host = Host("sh")
    lab = _on_hosts(monkeypatch, host)

    with (
        pytest.raises(CannotCheck, match="worker cannot be cut off: no class"),
        node_failure.isolate(lab, WORKER),
    ):
        pytest.fail("not to be reached")

    assert "systemctl stop metallb-lab-silence" in host.calls


def test_speakers_find_each_other_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a silence that both sides heard it takes them longer."""
    after_a_pause = node_failure.rejoin_wait()
    _on_hosts(monkeypatch, Host())

    after_a_silence = node_failure.rejoin_wait()

    assert WAITS[after_a_silence].seconds > 60 > WAITS[after_a_pause].seconds


def test_the_control_plane_stays() -> None:
    """Without the API server nothing could be judged."""
    with (
        pytest.raises(CannotCheck, match="cannot be cut off"),
        node_failure.isolate(LAB, PLAN.machine_name("control-plane")),
    ):
        pass
