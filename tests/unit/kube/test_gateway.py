"""Envoy Gateway is installed in one order, repaired, and waited for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from graders.kube import gateway
from graders.kube.client import KubeError
from graders.kube.gateway import install, wait_controller, wait_proxies

if TYPE_CHECKING:
    from pathlib import Path

    from graders.kube.client import KubeClient

SPACE = "/api/v1/namespaces/envoy-gateway-system"
APPS = "/apis/apps/v1/namespaces/envoy-gateway-system/deployments"
JOB = (
    "/apis/batch/v1/namespaces/envoy-gateway-system/jobs/"
    "eg-gateway-helm-certgen"
)
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
GATEWAYS = "/apis/gateway.networking.k8s.io/v1/gateways"
CLASS = "/apis/gateway.networking.k8s.io/v1/gatewayclasses/eg"
MANIFEST = """\
apiVersion: batch/v1
kind: Job
metadata: {name: eg-gateway-helm-certgen, namespace: envoy-gateway-system}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: envoy-gateway, namespace: envoy-gateway-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: envoy-gateway-config, namespace: envoy-gateway-system}
"""
CERTIFICATES = ["envoy", "envoy-gateway", "envoy-oidc-hmac"]
CERTIFICATES += ["envoy-rate-limit"]


def _kinds(**plurals: str) -> dict[str, Any]:
    return {
        "resources": [
            {"kind": kind, "name": plural, "namespaced": True}
            for kind, plural in plurals.items()
        ]
    }


KINDS = {
    "/api/v1": _kinds(ConfigMap="configmaps"),
    "/apis/batch/v1": _kinds(Job="jobs"),
    "/apis/apps/v1": _kinds(Deployment="deployments"),
}
for group, kind, name in (
    ("/api/v1", "Namespace", "namespaces"),
    (
        CRDS.rpartition("/")[0],
        "CustomResourceDefinition",
        "customresourcedefinitions",
    ),
    (
        POLICIES.rpartition("/")[0],
        "ValidatingAdmissionPolicy",
        "validatingadmissionpolicies",
    ),
    ("/apis/gateway.networking.k8s.io/v1", "GatewayClass", "gatewayclasses"),
):
    KINDS.setdefault(group, {"resources": []})["resources"].append(
        {"kind": kind, "name": name, "namespaced": False}
    )


class Cluster:
    """An API server that establishes CRDs after some looks."""

    def __init__(self, looks: int = 0) -> None:
        """Have no Envoy Gateway."""
        self.objects: dict[str, dict[str, Any]] = {}
        self.lists: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[str] = []
        self.looks = looks
        self.broken = False

    def get(self, path: str) -> dict[str, Any] | None:
        """Return kinds or an object; fail once if broken."""
        if self.broken:
            self.broken = False
            raise KubeError("busy")
        if path in KINDS:
            return KINDS[path]
        if path in self.objects and path.startswith(CRDS):
            self.looks -= 1
            up = "True" if self.looks < 0 else "False"
            conditions = [{"type": "Established", "status": up}]
            return self.objects[path] | {"status": {"conditions": conditions}}
        return self.objects.get(path)

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return a list."""
        self.get(path)
        return self.lists.get(path, [])

    def metadata(self, path: str) -> list[dict[str, Any]]:
        """Return what is directly below a path."""
        return [
            item["metadata"]
            for place, item in self.objects.items()
            if place.rpartition("/")[0] == path
        ]

    def ask(
        self, verb: str, path: str, body: dict[str, Any], *_: object
    ) -> dict[str, Any]:
        """Take what is applied."""
        place = path.partition("?")[0]
        self.asked.append(f"{verb} {place}")
        self.objects[place] = body
        return {}

    def delete(self, path: str, *_: object) -> None:
        """Take what is deleted."""
        self.asked.append(f"DELETE {path}")
        self.objects.pop(path, None)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing that does not come."""
    monkeypatch.setattr(gateway, "_POLL_INTERVAL_S", 0.001)
    monkeypatch.setattr(gateway, "_ESTABLISHED_TIMEOUT_S", 0.05)


def _install(cluster: Cluster, folder: Path) -> list[str]:
    manifest, crds = folder / "gateway.yaml", folder / "crds.json"
    manifest.write_text(MANIFEST, encoding="utf-8")
    objects = [
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "gateways"},
        },
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "safe"},
        },
    ]
    crds.write_text(json.dumps(objects), encoding="utf-8")
    cluster.asked.clear()
    install(cast("KubeClient", cluster), manifest, crds)
    return cluster.asked


def test_controller_comes_last(tmp_path: Path) -> None:
    """It would not see CRDs that come later; certificates come first."""
    asked = _install(Cluster(looks=2), tmp_path)

    assert [line for line in asked if line.startswith("PATCH")] == [
        f"PATCH {SPACE}",
        f"PATCH {JOB}",
        f"PATCH {SPACE}/configmaps/envoy-gateway-config",
        f"PATCH {CRDS}/gateways",
        f"PATCH {POLICIES}/safe",
        f"PATCH {APPS}/envoy-gateway",
        f"PATCH {CLASS}",
    ]


def test_crds_that_are_there_are_not_applied(tmp_path: Path) -> None:
    """They have megabytes; those that are being deleted do not count."""
    cluster = Cluster()
    cluster.objects[f"{CRDS}/gateways"] = {"metadata": {"name": "gateways"}}
    for name in CERTIFICATES:
        found = {"metadata": {"name": name}}
        cluster.objects[f"{SPACE}/secrets/{name}"] = found

    asked = _install(cluster, tmp_path)

    assert f"PATCH {CRDS}/gateways" not in asked
    assert not [line for line in asked if f"DELETE {SPACE}/secrets" in line]


def test_crds_that_go_are_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Applied before they are gone, they would be gone a moment later."""
    monkeypatch.setattr(gateway, "_APPLY_TIMEOUT_S", 0.0)
    cluster = Cluster()
    going = {"metadata": {"name": "gateways", "deletionTimestamp": "now"}}
    cluster.objects[f"{CRDS}/gateways"] = going

    with pytest.raises(KubeError, match="gateways is going away"):
        _install(cluster, tmp_path)


def test_crds_that_never_come(tmp_path: Path) -> None:
    """The error names them."""
    with pytest.raises(KubeError, match="not established: gateways"):
        _install(Cluster(looks=10_000), tmp_path)


def test_one_certificate_is_missing(tmp_path: Path) -> None:
    """All are made again, as the job makes those of one CA only."""
    cluster = Cluster()
    _install(cluster, tmp_path)
    for name in CERTIFICATES[1:]:
        found = {"metadata": {"name": name}}
        cluster.objects[f"{SPACE}/secrets/{name}"] = found

    asked = _install(cluster, tmp_path)

    assert asked[0] == f"DELETE {JOB}"
    assert {line for line in asked if "secrets" in line} == {
        f"DELETE {SPACE}/secrets/{name}" for name in CERTIFICATES[1:]
    }
    assert f"DELETE {SPACE}/pods" in asked
    assert f"PATCH {JOB}" in asked


@pytest.mark.parametrize("running", [True, False])
def test_proxies_without_a_controller(
    tmp_path: Path, *, running: bool
) -> None:
    """It would not delete them with their Gateway; edits would stay."""
    cluster = Cluster()
    status = {"readyReplicas": 1} if running else {}
    cluster.objects[f"{APPS}/envoy-gateway"] = {"status": status}

    asked = _install(cluster, tmp_path)

    proxies = "?labelSelector=app.kubernetes.io/managed-by=envoy-gateway"
    dropped = {
        f"DELETE {SPACE}/services{proxies}",
        f"DELETE {APPS}{proxies}",
        f"DELETE {APPS.replace('deployments', 'daemonsets')}{proxies}",
    }
    assert set(asked) & dropped == (set() if running else dropped)


@pytest.mark.parametrize("deleted", [True, False])
def test_class_that_was_deleted(tmp_path: Path, *, deleted: bool) -> None:
    """It would go with its Gateways, and what was applied to it, too."""
    cluster = Cluster()
    times = {"deletionTimestamp": "now"} if deleted else {}
    cluster.objects[CLASS] = {"metadata": times}

    asked = _install(cluster, tmp_path)

    # A class that stays is replaced.
    verbs = ["PATCH", "PUT"] if deleted else ["PUT"]
    assert [line for line in asked if CLASS in line] == [
        f"{verb} {CLASS}" for verb in verbs
    ]


def _deployment(ready: int = 1, **labels: str) -> dict[str, Any]:
    status = {"updatedReplicas": 1, "replicas": 1, "availableReplicas": ready}
    owner = "gateway.envoyproxy.io/owning-gateway-"
    return {
        "metadata": {
            "generation": 1,
            "labels": {
                f"{owner}{key}": value for key, value in labels.items()
            },
        },
        "spec": {"replicas": 1},
        "status": status | {"observedGeneration": 1},
    }


def test_controller() -> None:
    """It is ready when its Deployment is; errors are asked past."""
    cluster = Cluster()
    kube = cast("KubeClient", cluster)
    late = ["Envoy Gateway's controller is not ready"]
    assert wait_controller(kube, 0) == late
    cluster.objects[f"{APPS}/envoy-gateway"] = _deployment(ready=0)
    assert wait_controller(kube, 0) == late
    cluster.objects[f"{APPS}/envoy-gateway"] = _deployment()
    cluster.broken = True
    assert wait_controller(kube, 1) == []


@pytest.mark.parametrize(
    ("conditions", "deployment", "late"),
    [
        ([], _deployment(name="web", namespace="lab-6"), True),
        (["True", 1], _deployment(name="web", namespace="lab-6"), True),
        (["True", 2], _deployment(name="web", namespace="lab-6"), False),
        (["True", 2], _deployment(0, name="web", namespace="lab-6"), True),
        (["True", 2], _deployment(name="web", namespace="lab-5"), True),
        (["False", 2], _deployment(), False),
    ],
)
def test_proxies(
    conditions: list[Any], deployment: dict[str, Any], *, late: bool
) -> None:
    """A Gateway has ready ones, or was refused as it is now."""
    cluster = Cluster()
    cluster.broken = True
    cluster.lists[APPS] = [deployment]
    status = {}
    if conditions:
        value, generation = conditions
        condition = {"type": "Accepted", "status": value}
        condition["observedGeneration"] = generation
        status = {"conditions": [{"type": "Programmed"}, condition]}
    meta = {"name": "web", "namespace": "lab-6", "generation": 2}
    cluster.lists[GATEWAYS] = [{"metadata": meta, "status": status}]

    found = wait_proxies(cast("KubeClient", cluster), 0.01)

    assert bool(found) == late
    if late:
        assert found == ["Gateway lab-6/web has no ready proxies"]
