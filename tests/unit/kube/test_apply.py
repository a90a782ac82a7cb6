"""Objects put in place: where each goes, and when it is there."""

from __future__ import annotations

from typing import Any

import pytest

from graders.kube.apply import (
    apply,
    create_missing,
    has_condition,
    is_deployment_named,
    scaled_to_zero,
    wait_for_deployments,
)
from graders.kube.client import APPLY, JSON, KubeError
from graders.kube.names import MANAGED_BY_KIT

RESOURCES = {
    "/api/v1": [
        {"name": "services", "kind": "Service", "namespaced": True},
        {"name": "services/status", "kind": "Service", "namespaced": True},
        {"name": "namespaces", "kind": "Namespace", "namespaced": False},
    ],
    "/apis/apps/v1": [
        {"name": "deployments", "kind": "Deployment", "namespaced": True},
    ],
    "/apis/gateway.networking.k8s.io/v1": [
        {"name": "gateways", "kind": "Gateway", "namespaced": True},
    ],
    "/apis/metallb.io/v1beta1": [
        {"name": "bfdprofiles", "kind": "BFDProfile", "namespaced": True},
    ],
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "lab-2"},
}
PROFILE = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "BFDProfile",
    "metadata": {"name": "fast", "namespace": "metallb-system"},
}
SPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}


class Recorded:
    """An API server that refuses as often as it is told."""

    def __init__(self, refuses: int = 0, *, there: bool = True) -> None:
        """Refuse that many times; without `there` no namespace exists."""
        self.refuses, self.there = refuses, there
        self.asked: list[tuple[str, object]] = []
        self.deployments: list[dict[str, Any]] = []
        self.objects: dict[str, dict[str, Any]] = {}
        self.deleted: list[str] = []
        self.status = 0
        self.answer: dict[str, Any] = {"metadata": {}}

    def get(self, path: str) -> dict[str, Any] | None:
        """Tell of a group's kinds."""
        found = RESOURCES.get(path)
        return {"resources": found} if found else self.objects.get(path)

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return the Deployments; they come up between two looks."""
        assert path == "/apis/apps/v1/namespaces/lab-2/deployments"
        return [self.deployments.pop(0)] if self.deployments else []

    def ask(
        self, verb: str, path: str, body: object, content: str = JSON
    ) -> dict[str, Any] | None:
        """Take an object, or refuse it."""
        if self.refuses:
            self.refuses -= 1
            raise KubeError("no webhook answers", status=self.status)
        assert (verb, content) in {("PATCH", APPLY), ("PUT", JSON)}
        self.asked.append((path, body))
        return self.answer if self.there else None

    def delete(self, path: str, options: object) -> None:
        """Note what is deleted, and that its pods go first."""
        assert options == {"propagationPolicy": "Foreground"}
        self.deleted.append(path)


def _apply(kube: Recorded, *objects: dict[str, Any], seconds: float) -> None:
    apply(kube, objects, seconds)  # type: ignore[arg-type] # as far as it is asked


def test_only_what_is_missing() -> None:
    """What is there is left as it is, and a refusal is not waited out."""
    kube = Recorded()
    kube.objects["/api/v1/namespaces/x"] = SPACE

    create_missing(kube, [SPACE, SERVICE])  # type: ignore[arg-type] # as above
    kube.refuses = 1
    with pytest.raises(KubeError):
        create_missing(kube, [PROFILE])  # type: ignore[arg-type] # as above

    assert [body for _, body in kube.asked] == [SERVICE]


def test_a_changed_workload_is_replaced() -> None:
    """Applying it would leave a toleration that a student has added."""
    item: dict[str, Any] = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "lab-2"},
        "spec": {"replicas": 2, "template": {"spec": {}}},
    }
    entry = {"manager": "kubectl-patch", "operation": "Update"}
    fields: dict[str, Any] = {
        "managedFields": [entry | {"fieldsV1": {"f:spec": {}}}]
    }
    meta = item["metadata"] | fields | {"resourceVersion": "7"}
    kube = Recorded()
    kube.answer = item | {"metadata": meta}

    _apply(kube, item, seconds=0)

    (_, applied), (path, replaced) = kube.asked
    assert applied == item
    assert path == "/apis/apps/v1/namespaces/lab-2/deployments/web"
    assert replaced["metadata"]["resourceVersion"] == "7"  # type: ignore[index] # JSON
    assert replaced["spec"] == item["spec"]  # type: ignore[index] # JSON


def test_additions_of_others_go() -> None:
    """A Gateway or a namespace that is there is replaced, not applied."""
    version = {"resourceVersion": "7"}
    meta: dict[str, Any] = {"name": "x", "labels": MANAGED_BY_KIT}
    space = SPACE | {"metadata": meta}
    gateway: dict[str, Any] = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "shared", "namespace": "lab-6"},
        "spec": {"listeners": []},
    }
    kube = Recorded()
    place = "/apis/gateway.networking.k8s.io/v1/namespaces/lab-6/gateways"
    kube.objects = {
        f"{place}/shared": gateway
        | {
            "metadata": gateway["metadata"] | version | {"finalizers": ["x"]},
            "spec": {"listeners": [], "addresses": ["mine"]},
        },
        "/api/v1/namespaces/x": space
        | {
            "metadata": meta | {"labels": {"mine": "yes"}} | version,
            "spec": {"finalizers": ["kubernetes"]},
        },
    }

    _apply(kube, space, gateway, seconds=0)

    kept = {"finalizers": ["x"]} | version
    assert kube.asked == [
        (
            "/api/v1/namespaces/x",
            space
            | {
                "metadata": meta | version,
                "spec": {"finalizers": ["kubernetes"]},
            },
        ),
        (
            f"{place}/shared",
            gateway | {"metadata": gateway["metadata"] | kept},
        ),
    ]


def test_where_objects_go() -> None:
    """Each is sent to its own path, by kubectl's owner of fields."""
    kube = Recorded()

    _apply(kube, SPACE, SERVICE, PROFILE, seconds=0)

    bfd = "/apis/metallb.io/v1beta1"
    owner = "?fieldManager=kubectl&force=true"
    assert [path for path, _ in kube.asked] == [
        f"/api/v1/namespaces/x{owner}",
        f"/api/v1/namespaces/lab-2/services/web{owner}",
        f"{bfd}/namespaces/metallb-system/bfdprofiles/fast{owner}",
    ]
    assert kube.asked[1][1] == SERVICE


def test_tried_again() -> None:
    """A webhook that has just come refuses at first."""
    kube = Recorded(refuses=2)

    _apply(kube, SERVICE, seconds=5)

    assert len(kube.asked) == 1


def test_a_namespace_that_is_going() -> None:
    """One that would still take the patch is waited for: then it is new."""
    going = SPACE | {"metadata": {"name": "x", "deletionTimestamp": "now"}}
    looks = [going, going]

    class Going(Recorded):
        def get(self, path: str) -> dict[str, Any] | None:
            """Return the namespace twice."""
            if path == "/api/v1/namespaces/x":
                return looks.pop() if looks else None
            return super().get(path)

    kube = Going()
    with pytest.raises(KubeError, match="namespace x is going away"):
        _apply(kube, SPACE, seconds=0)
    _apply(kube, SPACE, seconds=5)

    assert (looks, [body for _, body in kube.asked]) == ([], [SPACE])


@pytest.mark.parametrize(
    ("kube", "item", "reason"),
    [
        (Recorded(refuses=9), SERVICE, "no webhook answers"),
        (Recorded(there=False), SERVICE, "no namespace lab-2 for web"),
        (Recorded(), SERVICE | {"kind": "Tree"}, "no kind Tree in v1"),
        (Recorded(), SERVICE | {"apiVersion": "a/v1"}, "no kind Service in a"),
    ],
)
def test_refused(kube: Recorded, item: dict[str, Any], reason: str) -> None:
    """What stays refused is said, with its reason."""
    with pytest.raises(KubeError, match=reason):
        _apply(kube, item, seconds=0)


def _deployment(available: int, generation: int = 1) -> dict[str, Any]:
    counts = ("updatedReplicas", "replicas", "availableReplicas")
    status: dict[str, int] = dict.fromkeys(counts, available)
    meta = {"name": "web", "namespace": "lab-2", "generation": generation}
    return {
        "metadata": meta,
        "spec": {"replicas": 2},
        "status": status | {"observedGeneration": 1},
    }


def test_deployments_are_waited_for() -> None:
    """Until as many pods as wanted are there, of the newest template."""
    kube = Recorded()
    kube.deployments = [
        *(_deployment(1), _deployment(2, generation=2), _deployment(2)),
    ]

    assert not wait_for_deployments(kube, ["lab-2"], 5)  # type: ignore[arg-type] # as above
    assert not kube.deployments


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({}, False),
        ({"conditions": None}, False),
        ({"conditions": [{"type": "Established", "status": "False"}]}, False),
        ({"conditions": [{"type": "Established", "status": "True"}]}, True),
    ],
)
def test_conditions(status: dict[str, Any], *, expected: bool) -> None:
    """A CRD has null in their place for an instant."""
    assert has_condition({"status": status}, "Established") is expected


def test_parked() -> None:
    """It is made without pods; what it is made of stays as it was."""
    web = _deployment(2) | {"kind": "Deployment"}

    assert scaled_to_zero(web)["spec"] == {"replicas": 0}
    assert web["spec"] == {"replicas": 2}


@pytest.mark.parametrize(
    ("kind", "name", "is_one"),
    [
        ("Deployment", "web", True),
        ("Deployment", "shop", False),
        ("Service", "web", False),
    ],
)
def test_among(kind: str, name: str, *, is_one: bool) -> None:
    """A Service has the name of its workload, and is no workload."""
    item = {"kind": kind, "metadata": {"name": name}}
    assert is_deployment_named(item, ["web", "blue"]) == is_one


def test_a_deployment_that_does_not_come() -> None:
    """It is named when time is over."""
    kube = Recorded()
    kube.deployments = [_deployment(0)]

    assert wait_for_deployments(kube, ["lab-2"], 0) == ["lab-2/web"]  # type: ignore[arg-type] # as above


def test_a_kind_that_comes_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API server is asked again for the kinds of a new CRD."""
    late = {"/apis/metallb.io/v1beta1": RESOURCES["/apis/metallb.io/v1beta1"]}
    looks: list[str] = []

    class Late(Recorded):
        def get(self, path: str) -> dict[str, Any] | None:
            looks.append(path)
            found = late.get(path) if len(looks) > 1 else None
            return {"resources": found or []}

    monkeypatch.setattr("graders.kube.apply._STEP", 0.001)
    kube = Late()

    _apply(kube, PROFILE, seconds=5)

    assert len(looks) == 2
    assert [body for _, body in kube.asked] == [PROFILE]


@pytest.mark.parametrize(
    ("status", "deleted"),
    [(422, ["/api/v1/namespaces/lab-2/services/web"]), (403, []), (0, [])],
)
def test_an_object_that_cannot_be_merged_is_created_again(
    status: int, deleted: list[str]
) -> None:
    """What a webhook forbids, or no server answers, is not deleted."""
    kube = Recorded(refuses=1)
    kube.status = status
    _apply(kube, SERVICE, seconds=5)
    assert (len(kube.asked), kube.deleted) == (1, deleted)


def test_a_namespace_is_not_deleted_because_it_is_invalid() -> None:
    """All that is in it would go."""
    kube = Recorded(refuses=1)
    kube.status = 422
    _apply(kube, SPACE, seconds=5)
    assert kube.deleted == []
