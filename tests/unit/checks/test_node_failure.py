"""How a node is isolated, and waited for afterwards."""

from __future__ import annotations

from itertools import chain, repeat
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from graders.checks import node_failure
from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.polling import WAITS
from graders.providers.kind import KindProvider
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.checks.session import Session

PLAN = make_plan("ada")
WORKER = PLAN.machine_name("worker")


class Lab:
    """A lab whose node renews its lease; `calls` is what happens to it."""

    plan = PLAN

    def __init__(self, *times: str) -> None:
        """Renew the lease at these times, by the node's own clock."""
        self.calls: list[str] = []
        self.cluster = self
        self.was_silent = True
        self._times: Iterator[str] = chain(times, repeat(times[-1]))

    def get(self, path: str) -> dict[str, object] | None:
        """Return the lease, None if it never had one."""
        assert path.endswith(WORKER)
        time = next(self._times)
        self.calls.append(time)
        if time == "error":
            raise CannotCheck("the cluster's API server does not answer")
        return {"spec": {"renewTime": time}} if time else None

    def silence(self, _: object, node: str) -> None:
        """Silence the node."""
        assert node == WORKER
        self.calls.append("silent")

    def resume(self, _: object, node: str) -> bool:
        """Resume the node."""
        assert node == WORKER
        self.calls.append("resumed")
        return self.was_silent


@pytest.fixture
def isolate(monkeypatch: pytest.MonkeyPatch) -> Isolate:
    """Return a function that isolates the node of a lab."""
    monkeypatch.setattr("graders.polling.time", FakeClock())
    return Isolate(monkeypatch)


class Isolate:
    """Isolates the node of a lab; the body raises `error`, if any."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Keep what replaces the provider."""
        self._patch = monkeypatch

    def __call__(self, lab: Lab, error: BaseException | None = None) -> None:
        """Isolate it."""
        fake = SimpleNamespace(
            silence=lab.silence, resume=lab.resume, back_wait="node-back"
        )
        self._patch.setattr(node_failure, "provider", lambda: fake)
        with node_failure.isolate(cast("Session", lab), WORKER):
            assert lab.calls == ["silent"]
            if error:
                raise error


def test_isolation_ends(isolate: Isolate) -> None:
    """Whatever happens, the node is resumed, and its next renewal awaited."""
    lab = Lab("10:00", "10:00", "10:09")

    with pytest.raises(KeyboardInterrupt):
        isolate(lab, KeyboardInterrupt())

    assert lab.calls == ["silent", "10:00", "resumed", "10:00", "10:09"]


@pytest.mark.parametrize("renewed", ["1970-01-01", "2999-01-01"])
def test_clock_of_the_node(isolate: Isolate, renewed: str) -> None:
    """It may differ from that of this computer, or be set in between."""
    lab = Lab("2026-01-01", renewed)

    isolate(lab)

    assert lab.calls[-1] == renewed


@pytest.mark.parametrize("times", [("10:00",), ("", "")])
def test_node_does_not_come_back(
    isolate: Isolate, times: tuple[str, ...]
) -> None:
    """It is not the student's failure."""
    with pytest.raises(CannotCheck, match="-worker was cut off and did not"):
        isolate(Lab(*times))


def test_silent_api_server(isolate: Isolate) -> None:
    """The node is resumed without its lease, too."""
    lab = Lab("error", "10:09")

    isolate(lab)

    assert lab.calls == ["silent", "error", "resumed", "10:09"]


def test_no_silence(isolate: Isolate) -> None:
    """A node that was not silent is not waited for."""
    lab = Lab("10:00")
    lab.was_silent = False

    isolate(lab)

    assert lab.calls == ["silent", "10:00", "resumed"]


def test_rejoin_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It takes longer if the silent node lost its peers, too."""
    assert KindProvider().rejoin_wait == node_failure.rejoin_wait()
    after_a_pause = node_failure.rejoin_wait()
    monkeypatch.setenv("CLUSTER", "hosts")

    after_a_silence = node_failure.rejoin_wait()

    assert WAITS[after_a_silence].seconds > 60 > WAITS[after_a_pause].seconds


def test_control_plane() -> None:
    """Without the API server, nothing could be checked."""
    lab = cast("Session", SimpleNamespace(plan=PLAN))
    with (
        pytest.raises(CannotCheck, match="cannot be cut off"),
        node_failure.isolate(lab, PLAN.machine_name("control-plane")),
    ):
        pass
