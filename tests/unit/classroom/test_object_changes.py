"""What a student has changed in the cluster, to be applied to another."""

from __future__ import annotations

import copy
from typing import Any

from graders.classroom.object_changes import object_changes
from graders.classroom.submission import ObjectChanges
from graders.state.baseline import record_cluster
from tests.kube_api import FakeApi, node

_POOLS = "/apis/metallb.io/v1beta1/ipaddresspools"
_SERVICES = "/api/v1/services"
_SECRETS = "/api/v1/secrets"
_DEPLOYMENTS = "/apis/apps/v1/deployments"
_WEBHOOKS = (
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
)
_NAMESPACES = [
    {"metadata": {"name": name}, "status": {"phase": "Active"}}
    for name in ("lab-1", "metallb-system", "default")
]
_TAINT = {"key": "a", "effect": "E"}
_WEB = {
    "metadata": {
        "name": "web",
        "namespace": "lab-1",
        "uid": "1-2",
        "resourceVersion": "5",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": "kubectl"}],
        "labels": {"app": "web"},
        "annotations": {"kubectl.kubernetes.io/last-applied": "{}"},
        "ownerReferences": [{"uid": "3", "kind": "X", "name": "x"}],
    },
    "spec": {
        "type": "LoadBalancer",
        "clusterIP": "10.96.0.7",
        "clusterIPs": ["10.96.0.7"],
        "ports": [{"port": 80, "nodePort": 31000}],
    },
    "status": {"loadBalancer": {"ingress": [{"ip": "172.18.1.1"}]}},
}


def _secret(name: str, kind: str = "Opaque", value: str = "QQ==") -> Any:  # noqa: ANN401 - an object
    return {
        "metadata": {"name": name, "namespace": "metallb-system"},
        "type": kind,
        "data": {"password": value},
    }


def _pool(name: str, *addresses: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "metallb-system"},
        "spec": {"addresses": [*addresses]},
    }


def _api() -> FakeApi:
    return FakeApi(
        {
            "/api/v1/namespaces": copy.deepcopy(_NAMESPACES),
            _SERVICES: [_WEB],
            _POOLS: [_pool("wrong", "10.0.0.1-10.0.0.9"), _pool("same")],
            _SECRETS: [
                _secret("peer", "kubernetes.io/basic-auth"),
                _secret("metallb-memberlist"),
                _secret("sh.helm.release.v1.metallb.v1", "helm.sh/release.v1"),
            ],
            "/api/v1/pods": [],
            _DEPLOYMENTS: [],
            _WEBHOOKS: [],
        }
    )


def _changes(change: Any, api: FakeApi | None = None) -> Any:  # noqa: ANN401 - a function, and a pair
    api = api or _api()
    baseline, objects = record_cluster(api)
    baseline, objects = copy.deepcopy((baseline, objects))
    change(api.lists)
    return object_changes(api, baseline, objects)


def test_nothing() -> None:
    """A lab at its start has no changes."""
    assert _changes(lambda _: None) == (ObjectChanges(), [])


def test_changed_and_deleted() -> None:
    """A changed object is a document, a deleted one is named."""

    def change(lists: Any) -> None:  # noqa: ANN401 - lists by path
        lists[_SERVICES][0]["spec"]["type"] = "ClusterIP"
        lists[_SERVICES].append(
            {
                "metadata": {"name": "more", "namespace": "lab-1"},
                "spec": {"clusterIP": "None"},
            }
        )
        lists[_POOLS][:] = [_pool("same")]

    found, nodes = _changes(change)

    assert nodes == []
    assert found.apply == [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "more", "namespace": "lab-1"},
            "spec": {"clusterIP": "None"},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": "web",
                "namespace": "lab-1",
                "labels": {"app": "web"},
            },
            "spec": {"type": "ClusterIP", "ports": [{"port": 80}]},
        },
    ]
    (gone,) = found.delete
    assert gone.model_dump(by_alias=True) == {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "Ipaddresspool",
        "namespace": "metallb-system",
        "name": "wrong",
    }


def test_all_of_a_kind_deleted() -> None:
    """The last object of a kind can be deleted, too."""
    found, _ = _changes(lambda lists: lists[_POOLS].clear())

    assert [one.name for one in found.delete] == ["same", "wrong"]


def test_results() -> None:
    """An address that was allocated follows from the other changes."""

    def change(lists: Any) -> None:  # noqa: ANN401 - as above
        lists[_SERVICES][0]["status"] = {}

    assert _changes(change) == (ObjectChanges(), [])


def test_namespaces_come_first() -> None:
    """What others need is applied before them."""

    def change(lists: Any) -> None:  # noqa: ANN401 - as above
        lists["/api/v1/namespaces"].append(
            {"metadata": {"name": "zz"}, "status": {"phase": "Active"}}
        )
        lists[_DEPLOYMENTS].append(
            {"metadata": {"name": "a", "namespace": "zz"}, "spec": {}}
        )

    found, _ = _changes(change)

    assert [one["kind"] for one in found.apply] == ["Namespace", "Deployment"]


def test_secrets() -> None:
    """A password that was changed is a repair; keys of the cluster are not."""

    def change(lists: Any) -> None:  # noqa: ANN401 - as above
        for secret in lists[_SECRETS]:
            secret["data"]["password"] = "Qg=="  # noqa: S105 - a test's

    found, _ = _changes(change)

    assert [one["metadata"]["name"] for one in found.apply] == ["peer"]
    assert found.apply[0]["data"] == {"password": "Qg=="}


def test_secrets_deleted() -> None:
    """Nor are they deleted elsewhere."""
    found, _ = _changes(lambda lists: lists[_SECRETS].clear())

    assert [one.name for one in found.delete] == ["peer"]


def test_pods_follow() -> None:
    """Pods are not applied, nor webhooks with another cluster's keys."""
    api = _api()
    hook = {"metadata": {"name": "metallb"}, "webhooks": [{"name": "a"}]}
    api.lists[_WEBHOOKS] = [copy.deepcopy(hook)]

    def change(lists: Any) -> None:  # noqa: ANN401 - as above
        lists["/api/v1/pods"].append(
            {"metadata": {"name": "test", "namespace": "default"}}
        )
        lists[_WEBHOOKS][0]["webhooks"][0]["failurePolicy"] = "Ignore"

    assert _changes(change, api) == (ObjectChanges(), [])


def test_nodes() -> None:
    """A node cannot be replaced: kubectl changes it."""
    api = _api()
    api.lists["/api/v1/nodes"] = [
        node("w", old="1")
        | {"spec": {"taints": [{"key": "a", "effect": "E"}]}}
    ]

    def change(lists: Any) -> None:  # noqa: ANN401 - as above
        (item,) = lists["/api/v1/nodes"]
        del item["metadata"]["labels"]["old"]
        item["metadata"]["labels"]["new"] = "a b"
        item["metadata"]["annotations"] = {"note": "x"}
        item["spec"] = {
            "taints": [{"key": "b", "value": "v", "effect": "E"}],
            "unschedulable": True,
        }

    found, commands = _changes(change, api)

    assert found == ObjectChanges()
    kubectl = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
    assert commands == [
        f"{kubectl} label node w --overwrite old- 'new=a b'",
        f"{kubectl} annotate node w --overwrite note=x",
        f"{kubectl} taint node w a:E-",
        f"{kubectl} taint node w --overwrite b=v:E",
        f"{kubectl} cordon w",
    ]
