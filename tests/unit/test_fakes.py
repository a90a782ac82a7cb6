"""The fakes look like the classes that they stand for."""

from __future__ import annotations

import inspect

import pytest

from graders.polling import Clock
from graders.probes.cluster import Cluster
from graders.providers.machine import Machine
from tests.fakes import FakeClock, FakeCluster, FakeMachine

PAIRS = [(Cluster, FakeCluster), (Machine, FakeMachine), (Clock, FakeClock)]


@pytest.mark.parametrize(("real", "fake"), PAIRS)
def test_signatures(real: type, fake: type) -> None:
    """Each public method takes and returns the same."""
    for name, method in inspect.getmembers(real, inspect.isfunction):
        if not name.startswith("_"):
            copy = inspect.signature(getattr(fake, name))
            assert _types(copy) == _types(inspect.signature(method))


def _types(signature: inspect.Signature) -> list[object]:
    """Return the types of parameters and of the result.

    A protocol's parameter may be positional only.
    """
    kinds = [one.annotation for one in signature.parameters.values()]
    return [*kinds, signature.return_annotation]


def test_created_objects_are_listed() -> None:
    """Lists are made of the objects, by namespace and by label."""
    cluster = FakeCluster()
    path = "/api/v1/namespaces/lab-1/pods"
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "labels": {"app": "web"}},
    }

    cluster.ask("POST", path, pod)

    def names(where: str) -> list[str]:
        return [item["metadata"]["name"] for item in cluster.items(where)]

    assert names(path) == names("/api/v1/pods") == ["web"]
    assert names(f"{path}?labelSelector=app=web") == ["web"]
    assert names(f"{path}?labelSelector=app=other") == []
    assert names("/api/v1/namespaces/lab-2/pods") == []


def test_deleted_objects_are_gone() -> None:
    """What is in a namespace goes with it."""
    space = {"apiVersion": "v1", "kind": "Namespace"}
    service = {"apiVersion": "v1", "kind": "Service"}
    cluster = FakeCluster(
        space | {"metadata": {"name": "lab-1"}},
        service | {"metadata": {"name": "web", "namespace": "lab-1"}},
    )

    assert cluster.service("web", "lab-1")
    cluster.ask("DELETE", "/api/v1/namespaces/lab-1")
    assert cluster.service("web", "lab-1") is None
    assert cluster.objects == {}


def test_answers_are_copies() -> None:
    """What a check does to an answer does not change the cluster."""
    cluster = FakeCluster()
    cluster.objects["/x"] = {"a": []}

    found = cluster.get("/x") or {}
    found["a"].append(1)

    assert cluster.get("/x") == {"a": []}
