"""What becomes of pods when their workers are drained."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graders.checks.check import expect
from graders.checks.workload import cordoned
from graders.polling import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from graders.checks.session import Session

NOWHERE: Final = "no node"


def evict(lab: Session, space: str, selector: str) -> None:
    """Delete the pods with these labels, as draining their nodes would."""
    for pod in lab.cluster.pod_nodes(space, selector):
        lab.cluster.ask("DELETE", f"/api/v1/namespaces/{space}/pods/{pod}")


@contextlib.contextmanager
def restored_placement(
    lab: Session, space: str, selector: str, workers: Sequence[str]
) -> Iterator[None]:
    """Move pods back to `workers` in the end, if they were sent elsewhere.

    The next to look would find the lab as the grader has made it.
    """
    try:
        yield
    finally:
        nodes = {*lab.cluster.pod_nodes(space, selector).values()}
        if nodes - {*workers}:
            evict(lab, space, selector)


def expect_moved(lab: Session, space: str, app: str, to: str) -> None:
    """Fail unless Service `app` gets ready on node `to`, and nowhere else."""
    found = until(
        "pods", partial(lab.cluster.ready_nodes, space, app), {to}.__eq__
    )
    expect(
        f"{app} to get ready, when its worker is drained, on",
        expected=to,
        actual=found or NOWHERE,
        ok=found == {to},
        seen_by=f"kubectl get pods -n {space} -o wide",
    )


def expect_pending(
    lab: Session, space: str, app: str, workers: Sequence[str]
) -> None:
    """Fail unless pods of `app` wait while no worker takes any.

    They are left ready on a worker, or the next one to look would find the
    lab as the grader has made it.
    """
    label = f"app={app}"
    with cordoned(lab, *workers):
        evict(lab, space, label)
        found = until(
            "pods",
            partial(placements, lab, space, label),
            lambda found: found and all(found.values()),
        )
        where = set(found.values())
    if where - {NOWHERE}:
        evict(lab, space, label)
    until(
        "pods",
        partial(lab.cluster.ready_nodes, space, app),
        lambda nodes: nodes and nodes <= {*workers},
    )
    expect(
        f"{app} to wait, while {' and '.join(workers)} are drained, on",
        expected=NOWHERE,
        actual=where,
        ok=where == {NOWHERE},
        seen_by=f"kubectl get deployment {app} -n {space}"
        " -o jsonpath='{.spec.template.spec.tolerations}'",
    )


def placements(lab: Session, space: str, selector: str) -> dict[str, str]:
    """Return the node of each pod, "" until the scheduler has decided.

    NOWHERE says that it has found none.
    """
    found = lab.cluster.items(
        f"/api/v1/namespaces/{space}/pods?labelSelector={selector}"
    )
    return {
        pod["metadata"]["name"]: _place(pod)
        for pod in found
        if "deletionTimestamp" not in pod["metadata"]
    }


def _place(pod: dict[str, Any]) -> str:
    """Return a pod's node, NOWHERE, or "" while that is open."""
    states = pod["status"].get("conditions", [])
    refused = any(state.get("reason") == "Unschedulable" for state in states)
    return pod["spec"].get("nodeName", "") or (NOWHERE if refused else "")
