"""Each kind of change to a cluster is found, and reset or at least found."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

import pytest

from graders.kube.reset import PreserveRules, reset_cluster
from graders.kube.start_state import OWN_NAMES, VOLATILE_KINDS
from graders.state.baseline import diff, snapshot_cluster
from graders.state.start_state import READINGS
from tests.kube_api import FakeApi, node

if TYPE_CHECKING:
    from collections.abc import Callable

OURS: Final = {"app.kubernetes.io/managed-by": "metallb-lab"}
RULES: Final = PreserveRules(
    frozenset({"lab-1"}),
    "lab-control-plane",
)
# Kinds that a student may create in the lab's namespace.
NAMESPACED: Final = (
    *("/api/v1/configmaps", "/api/v1/limitranges", "/api/v1/pods"),
    *("/api/v1/persistentvolumeclaims", "/api/v1/replicationcontrollers"),
    *("/api/v1/resourcequotas", "/api/v1/secrets", "/api/v1/serviceaccounts"),
    *("/api/v1/services", "/apis/apps/v1/daemonsets"),
    *("/apis/apps/v1/deployments", "/apis/apps/v1/replicasets"),
    *("/apis/apps/v1/statefulsets", "/apis/batch/v1/cronjobs"),
    *("/apis/autoscaling/v2/horizontalpodautoscalers", "/apis/batch/v1/jobs"),
    "/apis/discovery.k8s.io/v1/endpointslices",
    "/apis/example.org/v1/widgets",
    "/apis/networking.k8s.io/v1/ingresses",
    "/apis/networking.k8s.io/v1/networkpolicies",
    "/apis/policy/v1/poddisruptionbudgets",
    "/apis/rbac.authorization.k8s.io/v1/rolebindings",
    "/apis/rbac.authorization.k8s.io/v1/roles",
)
METALLB: Final = (
    *("v1beta1/ipaddresspools", "v1beta1/l2advertisements"),
    *("v1beta1/bgpadvertisements", "v1beta1/communities"),
    *("v1beta1/bfdprofiles", "v1beta2/bgppeers"),
)
_POOLS: Final = "/apis/metallb.io/v1beta1/ipaddresspools"


@pytest.fixture
def api() -> FakeApi:
    """Return a cluster with a lab, MetalLB and some objects of its own."""
    spaces = ("default", "kube-system", "metallb-system", "lab-1")
    namespaces: list[dict[str, Any]] = [
        {"metadata": {"name": name}, "status": {"phase": "Active"}}
        for name in spaces
    ]
    return FakeApi(
        {
            "/api/v1/nodes": [node()],
            "/api/v1/namespaces": namespaces,
            "/api/v1/configmaps": [_item("coredns", "kube-system")],
            "/apis/apps/v1/deployments": [
                _item("web", "lab-1", labels=OURS),
                _item("metallb-controller", "metallb-system"),
            ],
            "/apis/rbac.authorization.k8s.io/v1/clusterroles": [
                {"metadata": {"name": "cluster-admin"}, "rules": []}
            ],
        }
    )


def _item(name: str, namespace: str, **meta: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {
        "metadata": {"name": name, "namespace": namespace, **meta},
        "spec": {},
        "type": "Other",
    }


def _found_and_reset(
    api: FakeApi, change: Callable[[], object]
) -> tuple[list[str], list[str]]:
    """Return where the change is found, and what is left after a reset."""
    # All kinds exist from the start, as the API server has them.
    at_start = snapshot_cluster(api)
    change()
    found = [it.what for it in diff(at_start, snapshot_cluster(api))]
    reset_cluster(api, RULES, metallb=True)  # type: ignore[arg-type] # a fake
    return found, [it.what for it in diff(at_start, snapshot_cluster(api))]


def _name(path: str) -> str:
    """Return a kind's name for its path."""
    _, root, *group, _, plural = path.split("/")
    return f"{plural}.{group[0]}" if root == "apis" else plural


@pytest.mark.parametrize("namespace", ["lab-1", "default"])
@pytest.mark.parametrize("path", NAMESPACED)
def test_objects_in_a_namespace(
    api: FakeApi, path: str, namespace: str
) -> None:
    """Any kind is found and deleted, of an unknown group as well."""
    items = api.lists.setdefault(path, [])

    found, left = _found_and_reset(
        api, lambda: items.append(_item("mine", namespace))
    )

    assert found == [f"{_name(path)} {namespace}/mine"]
    assert not left


@pytest.mark.parametrize("kind", OWN_NAMES)
def test_objects_without_a_namespace(api: FakeApi, kind: str) -> None:
    """Each kind of the table is found and deleted."""
    plural, _, group = kind.partition(".")
    path = f"/apis/{group}/v1/{plural}" if group else f"/api/v1/{plural}"
    items = api.lists.setdefault(path, [])

    found, left = _found_and_reset(
        api, lambda: items.append({"metadata": {"name": "mine"}})
    )

    assert found == [f"{kind} mine"]
    assert not left


@pytest.mark.parametrize("kind", METALLB)
@pytest.mark.parametrize("namespace", ["metallb-system", "default"])
def test_resources_of_metallb(api: FakeApi, kind: str, namespace: str) -> None:
    """They are found and deleted; the lab's are applied again later."""
    items = api.lists.setdefault(f"/apis/metallb.io/{kind}", [])

    found, left = _found_and_reset(
        api, lambda: items.append(_item("mine", namespace))
    )

    assert len(found) == 1
    assert not left


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {"labels": {"rack": "a"}}},
        {"metadata": {"labels": {"kubernetes.io/os": None}}},
        {"metadata": {"annotations": {"mine": "a"}}},
        {"spec": {"taints": [{"key": "mine", "effect": "NoSchedule"}]}},
        {"spec": {"unschedulable": True}},
    ],
)
def test_nodes(api: FakeApi, change: dict[str, Any]) -> None:
    """Everything that is added to one is found and removed."""
    found, left = _found_and_reset(
        api, lambda: api.ask("PATCH", "/api/v1/nodes/lab-worker", change)
    )

    assert found == ["nodes lab-worker"]
    # A label of kubelet's comes back with kubelet, not by the reset.
    lost = None in change.get("metadata", {}).get("labels", {}).values()
    assert left == (found if lost else [])


def test_namespaces(api: FakeApi) -> None:
    """A new one is found and deleted."""
    new = {"metadata": {"name": "mine"}, "status": {"phase": "Active"}}

    found, left = _found_and_reset(
        api, lambda: api.lists["/api/v1/namespaces"].append(copy.deepcopy(new))
    )

    assert (found, left) == (["namespaces mine"], [])


def _changes() -> dict[str, tuple[str, dict[str, Any]]]:
    roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    apps = "/apis/apps/v1/namespaces"
    system = "/api/v1/namespaces/kube-system/configmaps"
    label = {"metadata": {"labels": {"mine": "a"}}}
    return {
        "configmaps kube-system/coredns": (
            f"{system}/coredns",
            {"data": {"Corefile": "x"}},
        ),
        "namespaces lab-1": ("/api/v1/namespaces/lab-1", label),
        "clusterroles.rbac.authorization.k8s.io cluster-admin": (
            f"{roles}/cluster-admin",
            {"rules": [{}]},
        ),
        "deployments.apps metallb-system/metallb-controller": (
            f"{apps}/metallb-system/deployments/metallb-controller",
            {"spec": {"replicas": 0}},
        ),
        "deployments.apps lab-1/web": (
            f"{apps}/lab-1/deployments/web",
            {"spec": {"replicas": 7}},
        ),
    }


@pytest.mark.parametrize("place", _changes())
def test_changed_objects(api: FakeApi, place: str) -> None:
    """They are found; what applies them, or a rebuild, restores them."""
    path, change = _changes()[place]

    found, _ = _found_and_reset(api, lambda: api.ask("PATCH", path, change))

    assert found == [place]


@pytest.mark.parametrize("kind", VOLATILE_KINDS)
def test_volatile_kinds(api: FakeApi, kind: str) -> None:
    """They are neither found nor deleted."""
    plural, _, group = kind.partition(".")
    path = f"/apis/{group}/v1/{plural}" if group else f"/api/v1/{plural}"
    items = api.lists.setdefault(path, [])

    found, _ = _found_and_reset(
        api, lambda: items.append(_item("mine", "default"))
    )

    assert not found
    assert len(items) == 1


def test_files_of_each_cluster() -> None:
    """Their names are compared, their contents differ after a rebuild."""
    files = next(row for row in READINGS if row.name == "files")
    lines = [
        "600  /etc/kubernetes/pki/ca.key",
        "3501 227 /etc/kubernetes/pki/ca.key",
        "3502 2266 /etc/kubernetes/kubelet.conf",
        "3503 324 /etc/cni/net.d/10-pod-routes.conflist",
        "3504 3900 /etc/kubernetes/manifests/etcd.yaml",
    ]

    assert [*files.normalise(lines)] == [lines[0], lines[-1]]
