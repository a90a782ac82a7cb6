"""What a check looks with, and the Service that it makes for a moment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from graders.checks import session
from graders.checks.session import Session, open_session
from graders.course.lab import load_lab
from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.providers.docker import DockerExec
from graders.providers.kind import KindProvider
from graders.providers.registry import machine_of

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan()
LAB = load_lab("1")
WEB: dict[str, Any] = {
    "metadata": {
        "name": "web",
        "annotations": {
            "metallb.io/address-pool": "kind-pool",
            "metallb.io/loadBalancerIPs": "172.18.255.210",
        },
    },
    "spec": {
        "type": "LoadBalancer",
        "selector": {"app": "web"},
        "clusterIP": "10.96.1.2",
        "ports": [
            {
                "name": "http",
                "port": 80,
                "targetPort": 5678,
                "protocol": "TCP",
                "nodePort": 30123,
            },
            {"name": "more", "port": 81, "targetPort": "x", "protocol": "TCP"},
        ],
    },
}


class FakeCluster:
    """A cluster with one Service, or none."""

    def __init__(self, service: dict[str, Any] | None) -> None:
        """Keep it, and what is asked."""
        self._service = service
        self.asked: list[tuple[str, str]] = []
        self.bodies: list[dict[str, Any]] = []

    def service(self, *_: str) -> dict[str, Any] | None:
        """Return it."""
        return self._service

    def ask(
        self, verb: str, path: str, body: dict[str, Any] | None = None
    ) -> None:
        """Take a request."""
        assert (body is not None) == (verb == "POST")
        self.bodies += [body] if body else []
        self.asked.append((verb, path))


def _session(cluster: FakeCluster) -> Session:
    known: Any = cluster
    return Session(PLAN, LAB, "no-pool", known)


def test_copy() -> None:
    """It has the same ports, selector and pool, and nothing of its own."""
    made = session._copy(WEB, "other")

    meta, spec = made["metadata"], made["spec"]
    assert meta["name"].startswith("grader-")
    assert meta["namespace"] == "other"
    assert meta["annotations"] == {"metallb.io/address-pool": "kind-pool"}
    assert meta["labels"]["app.kubernetes.io/managed-by"] == "metallb-lab"
    assert set(spec) == {"type", "selector", "ports"}
    assert spec["selector"] == {"app": "web"}
    json.dumps(made)


def test_copy_is_of_the_same_class() -> None:
    """Whoever is to serve web is to serve the copy, too."""
    labels = {"app": "web", "app.kubernetes.io/managed-by": "helm"}
    service = {
        "metadata": {"labels": labels},
        "spec": {**WEB["spec"], "loadBalancerClass": "example.com/other"},
    }

    made = session._copy(service, "other")

    assert made["spec"]["loadBalancerClass"] == "example.com/other"
    assert made["metadata"]["labels"] == {
        "app": "web",
        "app.kubernetes.io/managed-by": "metallb-lab",
    }


def test_copy_of_several_ports() -> None:
    """Names go along, as Kubernetes wants them; node ports do not."""
    first, second = session._copy(WEB, "other")["spec"]["ports"]

    assert first == {
        "name": "http",
        "port": 80,
        "targetPort": 5678,
        "protocol": "TCP",
    }
    assert second["name"] == "more"


def test_copy_of_the_plainest() -> None:
    """A Service without annotations, names or a selector can be copied."""
    ports = [{"port": 80, "targetPort": 80, "protocol": "TCP"}]

    made = session._copy({"metadata": {}, "spec": {"ports": ports}}, "other")

    assert made["spec"]["ports"] == ports
    assert made["spec"]["selector"] == {}


def test_two_copies_have_two_names() -> None:
    """One that was left behind is in nobody's way."""
    names = {session._copy(WEB, "x")["metadata"]["name"] for _ in range(9)}

    assert len(names) == 9


def test_copy_of_nothing() -> None:
    """Without the Service nobody can check."""
    cluster = FakeCluster(None)

    with (
        pytest.raises(CannotCheck, match="is gone"),
        _session(cluster).like("web", "lab-1", "other"),
    ):
        pytest.fail("not to be reached")
    assert cluster.asked == []


def test_the_copy_asks_for_an_address() -> None:
    """It is the one that it was given, and no other."""
    cluster = FakeCluster(WEB)

    with _session(cluster).like("web", "lab-1", "other", "192.0.2.1"):
        pass

    notes = cluster.bodies[0]["metadata"]["annotations"]
    assert notes["metallb.io/loadBalancerIPs"] == "192.0.2.1"


def test_the_copy_is_removed() -> None:
    """Whatever a check comes to, its Service goes."""
    cluster = FakeCluster(WEB)
    path = "/api/v1/namespaces/other/services"

    with pytest.raises(KeyboardInterrupt):
        _look_at_a_copy(cluster)

    (post, where), (delete, what) = cluster.asked
    assert (post, where, delete) == ("POST", path, "DELETE")
    assert what.startswith(f"{path}/grader-")


def _look_at_a_copy(cluster: FakeCluster) -> None:
    with _session(cluster).like("web", "lab-1", "other") as name:
        assert name.startswith("grader-")
        raise KeyboardInterrupt


def test_machines() -> None:
    """Each view is from the machine of its name."""
    lab = _session(FakeCluster(None))

    assert lab.client.machine == machine_of(lab.plan, "client")
    assert lab.lan_client.machine == machine_of(lab.plan, "lan-client")
    assert lab.machine("worker").transport == DockerExec("metallb-lab-worker")


def test_node_macs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider knows them."""
    macs = {"02:42:ac:12:01:03": "metallb-lab-worker"}
    monkeypatch.setattr(KindProvider, "node_macs", lambda *_: macs)

    assert _session(FakeCluster(None)).node_macs == macs


def test_open_without_a_kubeconfig(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where no lab was ever up, it says what to do."""
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path))

    with pytest.raises(CannotCheck, match=r"kubeconfig: .*`lab up` writes"):
        open_session(PLAN, LAB, "no-pool")
