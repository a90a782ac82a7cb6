"""Where a pod goes when workers are drained, and that it comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from graders.checks.check import CheckFailed
from graders.checks.traffic_policy import (
    UNSCHEDULED,
    expect_moved,
    expect_pending,
    placements,
)
from graders.checks.workload import cordoned

if TYPE_CHECKING:
    from graders.checks.session import Session
    from tests.fakes import FakeCluster
    from tests.lab_model.checks import Judge

WORKERS = ("metallb-lab-worker", "metallb-lab-worker2")


@pytest.fixture
def lab(judge: Judge) -> Session:
    """Return a session of lab 4, whose pod is on worker2."""
    return judge.on("4").session()


def test_pending_pod(judge: Judge, lab: Session) -> None:
    """At the end, workers are uncordoned and the pod is on one."""
    expect_pending(lab, "lab-4", "web", WORKERS)

    requests = judge.model.cluster.requests
    assert judge.model.cordoned() == set()
    assert lab.cluster.ready_nodes("lab-4", "web") == {WORKERS[1]}
    evicted = [path for _, path in requests if path.endswith("/eviction")]
    assert len(evicted) == 1


def test_pod_on_another_node(judge: Judge, lab: Session) -> None:
    """It fails; the pod is deleted, so that it returns to a worker."""
    spec = judge.model.one("Deployment", "web")["spec"]["template"]["spec"]
    spec["tolerations"] = [{"operator": "Exists"}]

    with pytest.raises(CheckFailed, match=r"on no node, not .*control-plane"):
        expect_pending(lab, "lab-4", "web", WORKERS)

    requests = judge.model.cluster.requests
    assert judge.model.cordoned() == set()
    assert lab.cluster.ready_nodes("lab-4", "web") == {WORKERS[1]}
    assert sum(verb == "DELETE" for verb, _ in requests) == 1


def test_unscheduled_pod(lab: Session) -> None:
    """Only the scheduler's condition counts, and no pod that is going."""
    cluster = cast("FakeCluster", lab.cluster)
    going = cluster.one("Pod", *lab.cluster.pod_nodes("lab-4", "app=web"))
    with cordoned(lab, *WORKERS):
        meta = {**going["metadata"], "name": "old", "ownerReferences": []}
        meta["deletionTimestamp"] = "now"
        cluster.remove(going)
        cluster.add({**going, "metadata": meta})

        found = placements(lab, "lab-4", "app=web")

    assert [*found.values()] == [UNSCHEDULED]


def test_expect_moved(lab: Session) -> None:
    """Any other node fails."""
    expect_moved(lab, "lab-4", "web", WORKERS[1])
    with pytest.raises(CheckFailed, match=r"on .*worker, not .*worker2"):
        expect_moved(lab, "lab-4", "web", WORKERS[0])
