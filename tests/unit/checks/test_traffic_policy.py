"""Where a pod goes when workers are drained, and that it comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from graders.checks.check import CheckFailed
from graders.checks.traffic_policy import (
    UNSCHEDULED,
    expect_moved,
    expect_pending,
    placements,
)
from graders.polling import WAITS, Wait
from graders.providers.machine import Output

if TYPE_CHECKING:
    from graders.checks.session import Session

WORKERS = ("worker", "worker2")


class Fake:
    """A session, its cluster and its control plane, with one pod of web."""

    def __init__(self, *spare: str) -> None:
        """Start on worker2; the pod tolerates the nodes `spare` as well."""
        self.cluster, self.spare = self, spare
        self.cordoned: list[str] = []
        self.deleted = 0

    @property
    def node(self) -> str:
        """The pod's node, as if it was rescheduled at once."""
        free = [one for one in WORKERS[::-1] if one not in self.cordoned]
        return next(iter((*free, *self.spare)), "")

    def machine(self, _: str) -> Fake:
        """Return the control plane."""
        return self

    def run(self, *argv: str) -> Output:
        """Cordon or uncordon."""
        verb, *nodes = argv[3:]
        self.cordoned = nodes if verb == "cordon" else []
        return Output(verb, 0, "", "")

    def items(self, _: str) -> list[dict[str, Any]]:
        """Return the pod, and one that is being deleted."""
        going = {"name": "old", "deletionTimestamp": "now"}
        spec = {"nodeName": self.node} if self.node else {}
        reason = {} if self.node else {"reason": "Unschedulable"}
        status = {"conditions": [{"type": "PodScheduled", **reason}]}
        return [
            {"metadata": going, "spec": {}, "status": {}},
            {"metadata": {"name": "new"}, "spec": spec, "status": status},
        ]

    def pod_nodes(self, _: str, __: str) -> dict[str, str]:
        """Return the pod."""
        return {"new": self.node}

    def ready_nodes(self, _: str, __: str) -> frozenset[str]:
        """Return the node on which it is ready."""
        return frozenset({self.node} - {""})

    def ask(self, verb: str, path: str) -> None:
        """Delete the pod."""
        assert (verb, path.rpartition("/")[2]) == ("DELETE", "new")
        self.deleted += 1


def _session(fake: Fake) -> Session:
    return cast("Session", fake)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probe once."""
    monkeypatch.setitem(WAITS, "pods", Wait(0, "a test"))


def test_pending_pod() -> None:
    """At the end, workers are uncordoned and the pod is on one."""
    fake = Fake()

    expect_pending(_session(fake), "lab-4", "web", WORKERS)

    assert fake.cordoned == []
    assert fake.node == "worker2"
    assert fake.deleted == 1


def test_pod_on_another_node() -> None:
    """It fails; the pod is deleted, so that it returns to a worker."""
    fake = Fake("control-plane")

    with pytest.raises(CheckFailed, match="on no node, not control-plane"):
        expect_pending(_session(fake), "lab-4", "web", WORKERS)

    assert fake.cordoned == []
    assert fake.deleted == 2


def test_unscheduled_pod() -> None:
    """Only the scheduler's condition counts."""
    fake = Fake()
    fake.cordoned = [*WORKERS]

    assert placements(_session(fake), "lab-4", "app=web") == {
        "new": UNSCHEDULED
    }


def test_expect_moved() -> None:
    """Any other node fails."""
    fake = Fake()

    expect_moved(_session(fake), "lab-4", "web", "worker2")
    with pytest.raises(CheckFailed, match="on worker, not worker2"):
        expect_moved(_session(fake), "lab-4", "web", "worker")
