"""Temporary objects: what is cloned, and that all is removed."""

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
from graders.errors import CheckFailed

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
        """Record requests and bodies."""
        self._service = service
        self.asked: list[tuple[str, str]] = []
        self.bodies: list[dict[str, Any]] = []

    def service(self, *_: str) -> dict[str, Any] | None:
        """Return the Service."""
        return self._service

    def ask(
        self, verb: str, path: str, body: dict[str, Any] | None = None
    ) -> None:
        """Record a request."""
        assert (body is not None) == (verb == "POST")
        self.bodies += [body] if body else []
        self.asked.append((verb, path))


def _session(cluster: FakeCluster) -> Any:  # noqa: ANN401 - a stand-in
    return SimpleNamespace(cluster=cluster)


def test_clone() -> None:
    """It has the same ports, selector and pool, and no node ports."""
    made = objects._clone(WEB, "other")

    meta, spec = made["metadata"], made["spec"]
    assert is_temporary(meta["name"])
    assert meta["namespace"] == "other"
    assert meta["annotations"] == {"metallb.io/address-pool": "kind-pool"}
    assert set(spec) == {"type", "selector", "ports"}
    assert spec["selector"] == {"app": "web"}
    json.dumps(made)


def test_clone_of_a_class() -> None:
    """The same controller serves the clone."""
    labels = {"app": "web", "app.kubernetes.io/managed-by": "helm"}
    service = {
        "metadata": {"labels": labels},
        "spec": {**WEB["spec"], "loadBalancerClass": "example.com/other"},
    }

    made = objects._clone(service, "other")

    assert made["spec"]["loadBalancerClass"] == "example.com/other"
    assert made["metadata"]["labels"] == labels


def test_clone_of_several_ports() -> None:
    """Names are copied; node ports are not."""
    first, second = objects._clone(WEB, "other")["spec"]["ports"]

    assert first == {
        "name": "http",
        "port": 80,
        "targetPort": 5678,
        "protocol": "TCP",
    }
    assert second["name"] == "more"


def test_clone_of_a_minimal_service() -> None:
    """A Service needs no annotations, names or selector."""
    ports = [{"port": 80, "targetPort": 80, "protocol": "TCP"}]

    made = objects._clone({"metadata": {}, "spec": {"ports": ports}}, "other")

    assert made["spec"]["ports"] == ports
    assert made["spec"]["selector"] == {}


def test_clones_have_random_names() -> None:
    """A clone that a killed grading has left does not conflict."""
    names = {objects._clone(WEB, "x")["metadata"]["name"] for _ in range(9)}

    assert len(names) == 9


def test_clone_of_nothing() -> None:
    """Only a person can have deleted the Service since."""
    cluster = FakeCluster(None)

    with (
        pytest.raises(CheckFailed, match="not to be deleted"),
        clone_service(_session(cluster), "web", "other"),
    ):
        pytest.fail("not to be reached")
    assert cluster.asked == []


def test_clone_requests_an_address() -> None:
    """The request replaces that of the model."""
    cluster = FakeCluster(WEB)

    with clone_service(_session(cluster), "web", "other", "192.0.2.1"):
        pass

    notes = cluster.bodies[0]["metadata"]["annotations"]
    assert notes["metallb.io/loadBalancerIPs"] == "192.0.2.1"


def test_clone_is_removed() -> None:
    """Also after Ctrl-C."""
    cluster = FakeCluster(WEB)
    path = "/api/v1/namespaces/other/services"

    with pytest.raises(KeyboardInterrupt):
        _interrupted(cluster)

    (post, where), (delete, what) = cluster.asked
    assert (post, where, delete) == ("POST", path, "DELETE")
    assert is_temporary(what.removeprefix(f"{path}/"))


def _interrupted(cluster: FakeCluster) -> None:
    with clone_service(_session(cluster), "web", "other") as name:
        assert is_temporary(name)
        raise KeyboardInterrupt


def test_requests_of_a_service() -> None:
    """It requests a pool or an address, and has additional labels."""
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


def test_temporary_namespace() -> None:
    """It is removed at the end."""
    cluster = FakeCluster(None)

    with temporary_namespace(_session(cluster)) as name:
        assert is_temporary(name)

    path = "/api/v1/namespaces"
    assert cluster.asked == [("POST", path), ("DELETE", f"{path}/{name}")]


def test_is_temporary() -> None:
    """A student's objects are not temporary."""
    assert is_temporary(new_name())
    assert not is_temporary("web")
