"""MetalLB is waited for until all of it answers, and its pod is prodded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from graders.kube import metallb_status
from graders.kube.client import KubeError
from graders.kube.metallb_status import fingerprint, wait_ready
from graders.kube.names import HELM_RELEASE

if TYPE_CHECKING:
    from graders.kube.client import KubeClient

READY = {"updatedReplicas": 1, "replicas": 1, "availableReplicas": 1}
EVERYWHERE = {
    "desiredNumberScheduled": 3,
    "updatedNumberScheduled": 3,
    "numberAvailable": 3,
}
POD = "/api/v1/namespaces/metallb-system/pods/controller-x"


class Cluster:
    """An API server whose MetalLB comes bit by bit."""

    def __init__(self) -> None:
        """Let all of it be there."""
        self.controller: dict[str, Any] | None = _seen(READY)
        self.speakers: dict[str, Any] | None = _seen(EVERYWHERE)
        self.silent = 0
        self.pod: dict[str, Any] = {}
        self.asked: list[str] = []

    def get(self, path: str) -> dict[str, Any] | None:
        """Return the Deployment or the DaemonSet."""
        if path.endswith("/deployments/metallb-controller"):
            return self.controller
        assert path.endswith("/daemonsets/metallb-speaker")
        return self.speakers

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return the controller's pod, or one of the cluster's own."""
        name = "routes-x" if "/kube-system/" in path else "controller-x"
        return [{"metadata": {"name": name}, "status": self.pod}]

    def delete(self, path: str, _: object) -> None:
        """Note that a pod was deleted."""
        self.asked.append(f"DELETE {path}")

    def ask(
        self, verb: str, path: str, body: dict[str, Any], *_: object
    ) -> dict[str, Any]:
        """Be the webhook, or take a note on a pod."""
        self.asked.append(f"{verb} {path}")
        if verb == "PATCH":
            assert body["metadata"]["annotations"]
        elif self.silent:
            self.silent -= 1
            raise KubeError("no endpoints")
        return {"kind": "any"}


def _seen(status: dict[str, int], generation: int = 2) -> dict[str, Any]:
    return {
        "metadata": {"generation": generation},
        "spec": {"replicas": 1},
        "status": status | {"observedGeneration": 2},
    }


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """Return a cluster that is whole; a step takes no time."""
    monkeypatch.setattr(metallb_status, "_POLL_INTERVAL_S", 0)
    return Cluster()


def _wait(cluster: Cluster, seconds: float = 0) -> list[str]:
    return wait_ready(cast("KubeClient", cluster), seconds)


def test_all_is_there(cluster: Cluster) -> None:
    """Then nothing is late, and no pod is touched."""
    assert _wait(cluster) == []
    assert [asked.split()[0] for asked in cluster.asked] == ["POST"]


def test_the_webhook_comes(cluster: Cluster) -> None:
    """While it does not answer, kubelet is made to look at its pod."""
    cluster.silent = 2

    assert _wait(cluster, 5) == []
    assert cluster.asked.count(f"PATCH {POD}") == 2


def test_no_kind_of_pools(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing is known of pools no webhook has answered."""

    def ask(verb: str, *_: object) -> dict[str, Any] | None:
        return None if verb == "POST" else {}

    monkeypatch.setattr(cluster, "ask", ask)

    assert _wait(cluster) == [
        "the webhook does not answer: there is no kind IPAddressPool"
    ]


@pytest.mark.parametrize(
    ("status", "generation"),
    [(None, 2), (READY | {"availableReplicas": 0}, 2), (READY, 3)],
)
def test_no_controller(
    cluster: Cluster, status: dict[str, int] | None, generation: int
) -> None:
    """Without one that is ready the webhook is not even asked."""
    cluster.controller = status and _seen(status, generation)

    assert _wait(cluster) == [
        "the controller is not ready",
        "the webhook does not answer: it is in the controller",
    ]
    assert cluster.asked == [f"PATCH {POD}"]


@pytest.mark.parametrize(
    ("status", "generation"),
    [
        (None, 2),
        (EVERYWHERE | {"numberAvailable": 2}, 2),
        (EVERYWHERE | {"updatedNumberScheduled": 2}, 2),
        (EVERYWHERE, 3),
    ],
)
def test_speakers_are_missing(
    cluster: Cluster, status: dict[str, int] | None, generation: int
) -> None:
    """Each node's is waited for, of the newest generation."""
    cluster.speakers = status and _seen(status, generation)

    assert _wait(cluster) == ["not all speakers are ready"]


def test_no_api_server(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it does not answer is what is late."""

    def silent(_: str) -> None:
        raise KubeError("GET: refused")

    monkeypatch.setattr(cluster, "get", silent)

    assert _wait(cluster) == ["GET: refused"]


@pytest.mark.parametrize(
    ("reason", "anew"),
    [("CrashLoopBackOff", True), ("ContainerCreating", False)],
)
def test_pods_that_are_put_off(
    cluster: Cluster,
    monkeypatch: pytest.MonkeyPatch,
    reason: str,
    anew: bool,  # noqa: FBT001 - a case
) -> None:
    """After a power cut they may have ended, and are not waited for."""
    monkeypatch.setattr(metallb_status, "_CRASH_LOOP_S", -1)
    cluster.silent = 1
    state = {"waiting": {"reason": reason}}
    cluster.pod = {"containerStatuses": [{"state": state}]}

    _wait(cluster)

    routes = "DELETE /api/v1/namespaces/kube-system/pods/routes-x"
    assert (f"DELETE {POD}" in cluster.asked) is anew
    assert (routes in cluster.asked) is anew


def test_a_controller_that_hangs(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was there before is made anew, once, and no other pod is."""
    monkeypatch.setattr(metallb_status, "_CRASH_LOOP_S", 0.05)
    monkeypatch.setattr(metallb_status, "_HANGS_S", 0.1)
    cluster.controller = _seen(READY | {"availableReplicas": 0})

    assert _wait(cluster, 0.3)

    gone = [one for one in cluster.asked if one.startswith("DELETE")]
    assert gone == [f"DELETE {POD}"]


def test_speakers_that_are_late(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No controller is made anew for them."""
    monkeypatch.setattr(metallb_status, "_CRASH_LOOP_S", 0.05)
    monkeypatch.setattr(metallb_status, "_HANGS_S", 0.1)
    cluster.speakers = None

    assert _wait(cluster, 0.3)

    assert not [one for one in cluster.asked if one.startswith("DELETE")]


class Secrets:
    """An API server with Secrets in MetalLB's namespace, and nothing else."""

    def __init__(self, *items: dict[str, Any]) -> None:
        """Have these."""
        self.secrets = [*items]

    def metadata(self, _: str) -> list[dict[str, Any]]:
        """Return none."""
        return []

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return the Secrets."""
        return self.secrets if path.endswith("/secrets") else []


def test_fingerprint_of_secrets() -> None:
    """A release that Helm has changed is another one; no password counts."""
    kube = Secrets(
        _secret("metallb-memberlist", "Opaque", "1"),
        _secret("bgp", "kubernetes.io/basic-auth", "2"),
        _secret(HELM_RELEASE, "helm.sh/release.v1", "3"),
    )

    assert fingerprint(cast("KubeClient", kube)) == [
        "metallb-memberlist Opaque",
        f"{HELM_RELEASE} id 3",
    ]


def _secret(name: str, kind: str, version: str) -> dict[str, Any]:
    meta = {"name": name, "uid": "id", "resourceVersion": version}
    return {"metadata": meta, "type": kind}
