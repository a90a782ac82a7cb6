"""Temporary Services: what is cloned, and that all of it is removed."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from graders.checks import objects
from graders.checks.objects import (
    clone_service,
    is_temporary,
    new_name,
    temporary_namespace,
    temporary_service,
)
from graders.errors import CannotCheck

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


def _session(cluster: FakeCluster) -> Any:  # noqa: ANN401 - a stand-in
    return SimpleNamespace(cluster=cluster)


def test_copy() -> None:
    """It has the same ports, selector and pool, and nothing of its own."""
    made = objects._clone(WEB, "other")

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

    made = objects._clone(service, "other")

    assert made["spec"]["loadBalancerClass"] == "example.com/other"
    assert made["metadata"]["labels"] == {
        "app": "web",
        "app.kubernetes.io/managed-by": "metallb-lab",
    }


def test_copy_of_several_ports() -> None:
    """Names go along, as Kubernetes wants them; node ports do not."""
    first, second = objects._clone(WEB, "other")["spec"]["ports"]

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

    made = objects._clone({"metadata": {}, "spec": {"ports": ports}}, "other")

    assert made["spec"]["ports"] == ports
    assert made["spec"]["selector"] == {}


def test_two_copies_have_two_names() -> None:
    """One that was left behind is in nobody's way."""
    names = {objects._clone(WEB, "x")["metadata"]["name"] for _ in range(9)}

    assert len(names) == 9


def test_copy_of_nothing() -> None:
    """Without the Service nobody can check."""
    cluster = FakeCluster(None)

    with (
        pytest.raises(CannotCheck, match="is gone"),
        clone_service(_session(cluster), "web", "other"),
    ):
        pytest.fail("not to be reached")
    assert cluster.asked == []


def test_the_copy_asks_for_an_address() -> None:
    """It is the one that it was given, and no other."""
    cluster = FakeCluster(WEB)

    with clone_service(_session(cluster), "web", "other", "192.0.2.1"):
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
    with clone_service(_session(cluster), "web", "other") as name:
        assert name.startswith("grader-")
        raise KeyboardInterrupt


def test_a_service_requests_a_pool_or_an_address() -> None:
    """The other request is not made, and labels are added to the kit's."""
    cluster = FakeCluster(None)
    lab = _session(cluster)

    with temporary_service(lab, "lab-1", pool="blue", labels={"app": "x"}):
        pass
    with temporary_service(lab, "lab-1", address="192.0.2.1"):
        pass

    first, second = (body["metadata"] for body in cluster.bodies)
    assert first["annotations"] == {"metallb.io/address-pool": "blue"}
    assert first["labels"]["app"] == "x"
    assert second["annotations"] == {"metallb.io/loadBalancerIPs": "192.0.2.1"}
    assert [verb for verb, _ in cluster.asked] == ["POST", "DELETE"] * 2


def test_a_namespace_is_removed() -> None:
    """What is in it goes with it."""
    cluster = FakeCluster(None)

    with temporary_namespace(_session(cluster)) as name:
        assert is_temporary(name)

    path = "/api/v1/namespaces"
    assert cluster.asked == [("POST", path), ("DELETE", f"{path}/{name}")]


def test_names_of_temporary_objects() -> None:
    """A student's objects are never taken for the grader's."""
    assert is_temporary(new_name())
    assert not is_temporary("web")
