"""How a node is isolated, and waited for afterwards."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from graders.checks import node_failure
from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.polling import WAITS
from graders.providers.kind import KindProvider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.checks.session import Session
    from graders.plan.plan import Plan

PLAN = make_plan("ada")
LAB = cast("Session", SimpleNamespace(plan=PLAN))
WORKER = PLAN.machine_name("worker")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what happens to nodes, in order."""
    found: list[str] = []

    @contextlib.contextmanager
    def isolate(_: object, plan: Plan, node: str) -> Iterator[None]:
        del plan, node
        found.append("silent")
        try:
            yield
        finally:
            found.append("resumed")

    monkeypatch.setattr(KindProvider, "isolate", isolate)
    monkeypatch.setattr(
        node_failure,
        "_wait_for_node",
        lambda _, node: found.append(f"wait for {node}"),
    )
    return found


def test_isolation_ends(calls: list[str]) -> None:
    """Whatever happens, the node is resumed and then waited for."""
    with pytest.raises(KeyboardInterrupt):
        _interrupted(calls)

    assert calls == ["silent", "resumed", f"wait for {WORKER}"]


def _interrupted(calls: list[str]) -> None:
    with node_failure.isolate(LAB, WORKER):
        assert calls == ["silent"]
        raise KeyboardInterrupt


def test_no_isolation(
    monkeypatch: pytest.MonkeyPatch, calls: list[str]
) -> None:
    """A node that was not isolated is not waited for."""

    def isolate(*_: object) -> None:
        raise CannotCheck("unable to freeze")

    monkeypatch.setattr(KindProvider, "isolate", isolate)

    with (
        pytest.raises(CannotCheck, match="unable to freeze"),
        node_failure.isolate(LAB, WORKER),
    ):
        pytest.fail("not to be reached")

    assert calls == []


def test_resume_nodes(
    monkeypatch: pytest.MonkeyPatch, calls: list[str]
) -> None:
    """Each node that was still isolated is waited for."""
    monkeypatch.setattr(KindProvider, "resume_nodes", lambda *_: [WORKER])

    node_failure.resume_nodes(LAB)

    assert calls == [f"wait for {WORKER}"]


def test_rejoin_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It takes longer if the silent node lost its peers, too."""
    after_a_pause = node_failure.rejoin_wait()
    monkeypatch.setenv("CLUSTER", "hosts")

    after_a_silence = node_failure.rejoin_wait()

    assert WAITS[after_a_silence].seconds > 60 > WAITS[after_a_pause].seconds


def test_control_plane() -> None:
    """Without the API server, nothing could be checked."""
    with (
        pytest.raises(CannotCheck, match="cannot be cut off"),
        node_failure.isolate(LAB, PLAN.machine_name("control-plane")),
    ):
        pass
