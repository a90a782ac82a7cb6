"""The grader's own pods: when they run, and what keeps them from running."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graders.checks.check import expect
from graders.errors import CannotCheck
from graders.polling import until
from graders.probes.processes import halted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from graders.checks.session import Session

POD_NAMESPACE: Final = "default"
_PATH: Final = f"/api/v1/namespaces/{POD_NAMESPACE}/pods"
# Reasons for which a container waits while all is well.
_STARTING: Final = frozenset({"", "ContainerCreating", "PodInitializing"})
# Without these a node starts no pod; systemd restarts them when they crash.
_PROGRAMS: Final = ("kubelet", "containerd")
_SEE_EVENTS: Final = f"kubectl get events -n {POD_NAMESPACE}"


def await_ready(
    lab: Session, app: str, nodes: Sequence[str]
) -> dict[str, str]:
    """Return the addresses of the pods `app` by their nodes, once all run.

    Example:
        addresses = await_ready(lab, name, lab.plan.worker_names())

    Raises:
        CheckFailed: a rule of the cluster keeps a pod from running, or its
            node's programs are stopped.
        CannotCheck: a pod is late, and nothing says why.

    """

    def ready(pods: list[dict[str, Any]]) -> dict[str, str]:
        return {
            pod["spec"]["nodeName"]: pod["status"]["podIP"]
            for pod in pods
            if is_ready(pod)
        }

    pods = until(
        "probe-pods",
        partial(lab.cluster.items, f"{_PATH}?labelSelector=app={app}"),
        lambda pods: len(ready(pods)) == len(nodes),
    )
    addresses = ready(pods)
    if len(addresses) == len(nodes):
        return addresses
    _expect_admitted(lab, pods, nodes)
    for node in nodes:
        if node not in addresses:
            _expect_programs(lab, node)
    raise CannotCheck(
        "the grader's own pods did not get ready",
        remedy="see `kubectl get pods -A`, then grade again",
    )


def is_ready(item: dict[str, Any]) -> bool:
    """Tell whether a node or a pod has the condition Ready.

    Example:
        ready = all(is_ready(pod) for pod in pods)

    """
    return _has(item, "Ready")


def _has(item: dict[str, Any], ending: str) -> bool:
    return any(
        condition["type"].endswith(ending) and condition["status"] == "True"
        for condition in item["status"].get("conditions", [])
    )


def _expect_admitted(
    lab: Session, pods: Sequence[dict[str, Any]], nodes: Sequence[str]
) -> None:
    """Fail with the reason for which a pod does not run, if there is one.

    A node that has no memory or disk left is no one's rule.
    """
    if any(
        _has(node, "Pressure") for node in lab.cluster.items("/api/v1/nodes")
    ):
        return
    places = {pod["spec"].get("nodeName") for pod in pods}
    reasons = [reason for pod in pods for reason in _reasons(pod)]
    reasons += [f"deleted on {node}" for node in nodes if node not in places]
    expect(
        f"the grader's pods, in namespace {POD_NAMESPACE} and like web's, to",
        expected="run on each worker",
        actual=reasons,
        ok=not reasons,
        seen_by=_SEE_EVENTS,
    )


def _reasons(pod: dict[str, Any]) -> Iterator[str]:
    """Yield why a pod does not run, in the words of its node."""
    status, node = pod["status"], pod["spec"].get("nodeName", "no node")
    if status.get("phase") == "Failed":
        yield _words(status, node)
    for container in status.get("containerStatuses") or []:
        state = container.get("state", {})
        waiting = state.get("waiting", {})
        if waiting.get("reason", "") not in _STARTING:
            yield _words(waiting, node)


def _words(state: dict[str, Any], node: str) -> str:
    reason = state.get("reason", "failed")
    return f"{reason} on {node}: {state.get('message', 'no message')}"


def _expect_programs(lab: Session, node: str) -> None:
    """Fail if a node starts no pods because its programs are stopped."""
    roles = {machine.name: role for role, machine in lab.plan.nodes.items()}
    names = halted(lab.machine(roles[node]), _PROGRAMS)
    expect(
        f"{node} to run",
        expected=" and ".join(_PROGRAMS),
        actual=f"{' and '.join(names)} stopped",
        ok=not names,
        seen_by=f"ps -C {','.join(_PROGRAMS)} -o stat,args on {roles[node]}",
    )
