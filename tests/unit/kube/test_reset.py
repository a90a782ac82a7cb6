"""What a reset of the cluster deletes, changes and keeps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from graders.kube.client import KubeError
from graders.kube.names import HELM_RELEASE, METALLB_LABELS
from graders.kube.reset import PreserveRules, node_patch, reset_cluster
from tests.kube_api import FakeApi, node

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = PreserveRules(
    frozenset({"lab-2"}),
    "lab-control-plane",
)
MASTER = "node-role.kubernetes.io/control-plane"
TAINT = {"key": MASTER, "effect": "NoSchedule"}
CORDONED = {
    "key": "node.kubernetes.io/unschedulable",
    "effect": "NoSchedule",
}
LOST = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}
SCALE = (
    "/apis/apps/v1/namespaces/metallb-system/deployments/"
    "metallb-controller/scale"
)
OURS = {"app.kubernetes.io/managed-by": "metallb-lab"}


def _meta(name: str, space: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {"metadata": {"name": name, "namespace": space} | more}


def _restored(
    lists: dict[str, list[dict[str, Any]]], *, metallb: bool = True
) -> tuple[list[str], list[str]]:
    kube = FakeApi(lists)
    told = reset_cluster(kube, KEPT, metallb=metallb)  # type: ignore[arg-type] # as far as it is asked
    return kube.asked, told


def test_a_clean_cluster() -> None:
    """Nothing is changed where there is nothing to change."""
    assert _restored({}) == ([], [])


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("apps/v1/deployments", _meta("x", "kube-system")),
        ("apps/v1/deployments", _meta("web", "lab-2", labels=OURS)),
        ("v1/services", _meta("kubernetes", "default")),
        ("discovery.k8s.io/v1/endpointslices", _meta("kubernetes", "default")),
        ("v1/serviceaccounts", _meta("default", "lab-2")),
        ("v1/events", _meta("x", "default")),
        ("coordination.k8s.io/v1/leases", _meta("x", "default")),
        (
            "discovery.k8s.io/v1/endpointslices",
            _meta("web-x", "lab-2", ownerReferences=[{"controller": True}]),
        ),
        ("v1/configmaps", _meta("kube-root-ca.crt", "lab-2")),
        (
            "v1/pods",
            _meta(
                "metallb-controller-1",
                "metallb-system",
                labels=METALLB_LABELS,
                ownerReferences=[{"kind": "ReplicaSet", "controller": True}],
            ),
        ),
        (
            "v1/pods",
            _meta(
                "web-1",
                "lab-2",
                labels=OURS,
                ownerReferences=[{"kind": "ReplicaSet", "controller": True}],
            ),
        ),
    ],
)
def test_what_stays(kind: str, item: dict[str, Any]) -> None:
    """The cluster's own objects stay, and those of the lab."""
    assert _restored({_list(kind): [item]}) == ([], [])


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("v1/services", _meta("web", "lab-2", labels=OURS)),
        ("v1/pods", _meta("curl", "default")),
        ("v1/pods", _meta("let-go", "lab-2", labels=OURS)),
        (
            "v1/pods",
            _meta("controller", "metallb-system", labels=METALLB_LABELS),
        ),
        ("apps/v1/deployments", _meta("x", "lab-2", labels={"app": "x"})),
        ("apps/v1/deployments", _meta("web", "lab-9", labels=OURS)),
        ("networking.k8s.io/v1/networkpolicies", _meta("deny", "lab-2")),
        ("v1/resourcequotas", _meta("q", "lab-2")),
        ("discovery.k8s.io/v1/endpointslices", _meta("mine", "lab-2")),
        ("example.org/v1/widgets", _meta("x", "default")),
        ("metallb.io/v1beta1/ipaddresspools", _meta("x", "default")),
    ],
)
def test_what_goes(kind: str, item: dict[str, Any]) -> None:
    """A student's objects go, and Services, which hold VIPs."""
    group, _, name = _list(kind).rpartition("/")
    meta = item["metadata"]
    path = f"{group}/namespaces/{meta['namespace']}/{name}/{meta['name']}"

    asked, told = _restored({_list(kind): [item]})

    assert asked == [f"DELETE {path}"]
    assert told == [f"deleted {path}"]


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("rbac.authorization.k8s.io/v1/clusterroles", "system:node"),
        ("rbac.authorization.k8s.io/v1/clusterroles", "cluster-admin"),
        ("rbac.authorization.k8s.io/v1/clusterroles", "kindnet"),
        ("rbac.authorization.k8s.io/v1/clusterrolebindings", "kubeadm:x"),
        ("scheduling.k8s.io/v1/priorityclasses", "system-node-critical"),
        (
            "apiextensions.k8s.io/v1/customresourcedefinitions",
            "bgppeers.metallb.io",
        ),
    ],
)
def test_cluster_scoped(kind: str, own: str) -> None:
    """The cluster's own objects and MetalLB's stay; all others go."""
    path = _list(kind)
    metas: list[dict[str, Any]] = [
        {"name": own},
        {"name": "metallb:x", "labels": METALLB_LABELS},
        {"name": f"{own}-2"} if own == "kindnet" else {"name": "mine"},
    ]

    asked, _ = _restored({path: [{"metadata": meta} for meta in metas]})

    assert asked == [f"DELETE {path}/{metas[-1]['name']}"]


def test_what_refuses_deletions_goes_first() -> None:
    """A policy may refuse the deletion of a pod, and CRDs own objects."""
    policies = "/apis/admissionregistration.k8s.io/v1/"
    lists = {
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": "widgets",
        "/api/v1/pods": "pod",
        "/apis/apps/v1/deployments": "web",
        f"{policies}validatingadmissionpolicies": "no",
    }

    asked, _ = _restored(
        {
            path: [
                {"metadata": {"name": name}}
                if path.endswith(("definitions", "policies"))
                else _meta(name, "default")
            ]
            for path, name in lists.items()
        }
    )

    assert [path.rsplit("/", 1)[1] for path in asked] == [
        *("no", "web", "pod", "widgets"),
    ]


def test_a_server_that_has_just_started() -> None:
    """A list that it refuses at first is asked for again."""
    kube = FakeApi({"/api/v1/pods": [_meta("curl", "default")]})
    refusals = [KubeError("storage is (re)initializing")] * 2

    def metadata(path: str) -> list[dict[str, Any]]:
        if refusals and path.endswith("/namespaces"):
            raise refusals.pop()
        return [item["metadata"] for item in kube.items(path)]

    kube.metadata = metadata  # type: ignore[method-assign] # for this once
    told = reset_cluster(kube, KEPT, metallb=True)  # type: ignore[arg-type] # as far as it is asked

    assert not refusals
    assert told == ["deleted /api/v1/namespaces/default/pods/curl"]


def test_owners_go_first() -> None:
    """A pod whose owner is still there would come back."""
    asked, _ = _restored(
        {
            "/api/v1/pods": [_meta("web-1", "default")],
            "/apis/apps/v1/deployments": [_meta("web", "default")],
        }
    )

    assert [path.rsplit("/", 2)[1] for path in asked] == [
        *("deployments", "pods"),
    ]


def test_what_is_gone_already() -> None:
    """What somebody else deletes meanwhile is no change, and no error."""
    asked, told = _restored({"/api/v1/pods": [_meta("gone", "default")]})

    assert len(asked) == 1
    assert not told


def test_finalizers_of_no_one() -> None:
    """They would keep the object; Kubernetes' own are left to it."""
    own = "batch.kubernetes.io/job-tracking"
    cloud = "service.kubernetes.io/load-balancer-cleanup"
    both = _meta("web", "lab-2", finalizers=["example.org/no", own, cloud])
    services = "/api/v1/services"
    kube = FakeApi({services: [both, _meta("own", "lab-2", finalizers=[own])]})

    reset_cluster(kube, KEPT, metallb=True)  # type: ignore[arg-type] # as far as it is asked

    patched = [what for what in kube.asked if what.startswith("PATCH")]
    assert patched == ["PATCH /api/v1/namespaces/lab-2/services/web"]
    assert [
        item["metadata"]["finalizers"] for item in kube.lists[services]
    ] == [
        [own],
        [own],
    ]


def test_namespaces() -> None:
    """One that is nobody's goes."""
    names = ["default", "kube-system", "lab-2", "mine"]
    found = [{"metadata": {"name": name}} for name in names]

    asked, _ = _restored({"/api/v1/namespaces": found})

    assert asked == ["DELETE /api/v1/namespaces/mine"]


def test_labels_of_namespaces() -> None:
    """What keeps pods out of a namespace that every lab has goes."""
    own = {"kubernetes.io/metadata.name": "default"}
    strict = {"pod-security.kubernetes.io/enforce": "restricted"}
    found = [
        {"metadata": {"name": "default", "labels": own}},
        {"metadata": {"name": "metallb-system", "labels": strict}},
        {"metadata": {"name": "lab-2", "labels": OURS}},
    ]

    asked, told = _restored({"/api/v1/namespaces": found})

    assert asked == ["PATCH /api/v1/namespaces/metallb-system"]
    assert told == ["changed /api/v1/namespaces/metallb-system"]


def test_copies_of_the_labs_objects() -> None:
    """One that a student made of a manifest has the lab's label, too."""
    found = [_meta(name, "lab-2", labels=OURS) for name in ("web", "web-2")]
    secret = _meta("made-by-a-task", "lab-2", labels=OURS) | {"type": "Opaque"}
    kube = FakeApi(
        {"/apis/apps/v1/deployments": found, "/api/v1/secrets": [secret]}
    )
    wanted = frozenset({("Deployment", "lab-2", "web")})

    reset_cluster(kube, replace(KEPT, objects=wanted), metallb=True)  # type: ignore[arg-type] # as far as it is asked

    path = "/apis/apps/v1/namespaces/lab-2/deployments/web-2"
    assert kube.asked == [f"DELETE {path}"]


def test_metallb() -> None:
    """Its resources go, and secrets that are not its own; it stays.

    So does the release that Helm finds.
    """
    space = "namespaces/metallb-system"
    pools = f"/apis/metallb.io/v1beta1/{space}/ipaddresspools"
    secrets = f"/api/v1/{space}/secrets"
    own = _meta("memberlist", "metallb-system") | {"type": "Opaque"}
    other = _meta("bgp", "metallb-system") | {"type": "basic-auth"}
    release = _meta(HELM_RELEASE, "metallb-system") | {
        "type": "helm.sh/release.v1"
    }
    lists = {
        pools.replace(f"{space}/", ""): [_meta("any", "metallb-system")],
        secrets.replace(f"{space}/", ""): [own, other, release],
    }

    asked, _ = _restored(lists)

    # They are deleted in parallel.
    assert {*asked} == {f"DELETE {pools}/any", f"DELETE {secrets}/bgp"}
    assert _restored(lists, metallb=False) == ([], [])


def test_config_maps_of_metallb() -> None:
    """One that its chart does not have goes, as MetalLB 0.12 read it."""
    path = "/api/v1/namespaces/metallb-system/configmaps"
    lists = {
        "/api/v1/configmaps": [
            _meta("config", "metallb-system"),
            _meta("kube-root-ca.crt", "metallb-system"),
            _meta(
                "metallb-excludel2", "metallb-system", labels=METALLB_LABELS
            ),
            _meta("config", "kube-system"),
        ]
    }

    asked, _ = _restored(lists)

    assert asked == [f"DELETE {path}/config"]
    assert _restored(lists, metallb=False) == ([], [])


def test_a_second_installation_of_metallb() -> None:
    """It goes, in the namespace of the first one and without a namespace.

    A copy of a workload has all of its labels.
    """
    system, rbac = "metallb-system", "/apis/rbac.authorization.k8s.io/v1"
    other = METALLB_LABELS | {"app.kubernetes.io/instance": "other"}
    lists = {
        "/apis/apps/v1/deployments": [
            _meta("metallb-controller", system, labels=METALLB_LABELS),
            _meta("metallb-controller-2", system, labels=METALLB_LABELS),
        ],
        "/apis/apps/v1/daemonsets": [
            _meta("metallb-speaker", system, labels=METALLB_LABELS),
            _meta("other-speaker", system, labels=other),
        ],
        "/api/v1/serviceaccounts": [
            _meta("default", system),
            _meta("metallb-controller", system, labels=METALLB_LABELS),
            _meta("other-controller", system, labels=other),
        ],
        f"{rbac}/clusterroles": [
            {"metadata": {"name": "metallb:x", "labels": METALLB_LABELS}},
            {"metadata": {"name": "other-metallb:x", "labels": other}},
        ],
    }

    asked, _ = _restored(lists)

    assert sorted(path.rpartition("/")[2] for path in asked) == [
        *("metallb-controller-2", "other-controller"),
        *("other-metallb:x", "other-speaker"),
    ]


@pytest.mark.parametrize(
    ("spec", "asked"),
    [({"replicas": 1}, []), ({"replicas": 0}, [f"PATCH {SCALE}"])],
)
def test_a_controller_that_was_scaled_away(
    spec: dict[str, Any], asked: list[str]
) -> None:
    """It begins to come back before anything else is done."""
    assert _restored({SCALE: [{"spec": spec}]})[0] == asked


def test_a_node() -> None:
    """It gets back what kubeadm gave it, and is told of."""
    asked, told = _restored({"/api/v1/nodes": [node(rack="a")]})

    assert asked == ["PATCH /api/v1/nodes/lab-worker"]
    assert told == ["changed node lab-worker"]


@pytest.mark.parametrize("control_plane", [True, False])
def test_nothing_to_mend(*, control_plane: bool) -> None:
    """A node as kubeadm made it, whatever the cluster says of its health."""
    worker = node()
    worker["spec"]["taints"] = [LOST]
    if control_plane:
        worker = _master(LOST, TAINT)

    assert node_patch(worker, control_plane=control_plane) is None


def _master(*taints: dict[str, str]) -> dict[str, Any]:
    exclude = "node.kubernetes.io/exclude-from-external-load-balancers"
    master = node(**{MASTER: "", exclude: ""})
    master["spec"]["taints"] = list(taints)
    return master


def _cordoned(worker: dict[str, Any]) -> None:
    worker["spec"] |= {"unschedulable": True, "taints": [CORDONED]}


def _shut_down(worker: dict[str, Any]) -> None:
    key = "node.kubernetes.io/out-of-service"
    taint = {"key": key, "value": "nodeshutdown", "effect": "NoExecute"}
    worker["spec"]["taints"] = [LOST, taint]


def _tainted(worker: dict[str, Any]) -> None:
    worker["spec"]["taints"] = [LOST, {"key": "mine", "effect": "NoSchedule"}]


@pytest.mark.parametrize(
    ("damage", "taints"),
    [(_cordoned, []), (_tainted, [LOST]), (_shut_down, [LOST])],
)
def test_taints(
    damage: Callable[[dict[str, Any]], None], taints: list[dict[str, str]]
) -> None:
    """A student's go, the cluster's own stay."""
    worker = node()
    damage(worker)

    patch = node_patch(worker, control_plane=False)

    assert patch
    assert patch["spec"] == {"unschedulable": None, "taints": taints}


def test_labels() -> None:
    """What was added goes, what was taken comes back."""
    master = _master(TAINT)
    master["metadata"]["labels"].pop(MASTER)
    master["metadata"]["labels"]["rack"] = "a"
    master["metadata"]["annotations"] = {
        "mine": "a",
        "node.alpha.kubernetes.io/ttl": "0",
    }

    patch = node_patch(master, control_plane=True)

    assert patch
    assert patch["metadata"]["labels"] == {"rack": None, MASTER: ""}
    assert patch["metadata"]["annotations"] == {"mine": None}
    assert patch["spec"]["taints"] == [TAINT]


def _list(kind: str) -> str:
    return f"/api/{kind}" if kind.startswith("v1/") else f"/apis/{kind}"


SYSTEM = "envoy-gateway-system"
CHART = {"app.kubernetes.io/name": "gateway-helm"}
PROXY = {"app.kubernetes.io/managed-by": "envoy-gateway"}
CONTROLLED = [{"kind": "ReplicaSet", "controller": True}]
OF_GATEWAYS = [
    ("apps/v1/deployments", _meta("envoy-gateway", SYSTEM, labels=CHART)),
    ("apps/v1/deployments", _meta("envoy-lab-6-x", SYSTEM, labels=PROXY)),
    ("v1/services", _meta("envoy-lab-6-x", SYSTEM, labels=PROXY)),
    ("v1/secrets", _meta("envoy", SYSTEM)),
    ("v1/secrets", _meta("envoy-oidc-hmac", SYSTEM)),
    (
        "v1/pods",
        _meta("x", SYSTEM, labels=CHART, ownerReferences=CONTROLLED),
    ),
]
CLASSES = "/apis/gateway.networking.k8s.io/v1/gatewayclasses"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def _asked(
    lists: dict[str, list[dict[str, Any]]], *, gateway: bool
) -> list[str]:
    kube = FakeApi(lists)
    keep = PreserveRules(KEPT.labs, KEPT.control_plane, gateway=gateway)
    reset_cluster(kube, keep, metallb=True)  # type: ignore[arg-type] # as far as it is asked
    return kube.asked


@pytest.mark.parametrize(("kind", "item"), OF_GATEWAYS)
def test_envoy_gateway_stays_with_its_labs(
    kind: str, item: dict[str, Any]
) -> None:
    """What it makes for Gateways stays, too: it alone makes that again."""
    lists = {_list(kind): [item]}

    assert not _asked(lists, gateway=True)
    assert len(_asked(lists, gateway=False)) == 1


def test_labels_of_its_namespace() -> None:
    """A label that a user has added could stop its proxies from starting."""
    strict = {"pod-security.kubernetes.io/enforce": "restricted"}
    space = {"metadata": {"name": SYSTEM, "labels": strict}}
    lists = {"/api/v1/namespaces": [space]}

    asked = _asked(lists, gateway=True)

    assert asked == [f"PATCH /api/v1/namespaces/{SYSTEM}"]


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("apps/v1/deployments", _meta("mine", SYSTEM)),
        ("v1/pods", _meta("x", SYSTEM, labels=CHART)),
        ("v1/secrets", _meta("envoy", "lab-2")),
        ("v1/services", _meta("x", "lab-2", labels=PROXY)),
        (
            "gateway.networking.k8s.io/v1/gateways",
            _meta("web", "lab-2", labels=OURS),
        ),
    ],
)
def test_what_goes_with_envoy_gateway(kind: str, item: dict[str, Any]) -> None:
    """A student's objects, and Gateways that were changed."""
    (asked,) = _asked({_list(kind): [item]}, gateway=True)

    assert asked.startswith("DELETE ")


SHARED = _meta("shared", "lab-2", labels=OURS, generation=1)
PROXIES = _meta("shared", "lab-2", labels=OURS, generation=1)
SERVICE = _meta(
    "gateway-envoy",
    SYSTEM,
    labels=PROXY,
    managedFields=[{"manager": "envoy-gateway"}, {"manager": "controller"}],
)


def _changed(item: dict[str, Any], name: str, value: object) -> dict[str, Any]:
    return {"metadata": item["metadata"] | {name: value}}


@pytest.mark.parametrize(
    ("gateway", "proxies", "service", "stays"),
    [
        (SHARED, PROXIES, SERVICE, True),
        (_changed(SHARED, "generation", 2), PROXIES, SERVICE, False),
        (SHARED, _changed(PROXIES, "generation", 2), SERVICE, False),
        (
            *(SHARED, PROXIES),
            _changed(SERVICE, "managedFields", [{"manager": "kubectl-edit"}]),
            False,
        ),
        (_changed(SHARED, "labels", {}), PROXIES, SERVICE, False),
    ],
)
def test_a_gateway_that_nobody_changed(
    gateway: dict[str, Any],
    proxies: dict[str, Any],
    service: dict[str, Any],
    *,
    stays: bool,
) -> None:
    """It stays, with its proxies; otherwise all of it is created again."""
    lists = {
        _list("gateway.networking.k8s.io/v1/gateways"): [gateway],
        _list("gateway.envoyproxy.io/v1alpha1/envoyproxies"): [proxies],
        _list("v1/services"): [service],
    }
    deleted = [] if stays else ["gateways"]
    asked = [path.split("/")[-2] for path in _asked(lists, gateway=True)]
    assert asked == deleted


@pytest.mark.parametrize("gateway", [True, False])
def test_names_of_envoy_gateway(*, gateway: bool) -> None:
    """Its CRDs, class and namespace stay with it; a student's go."""
    lists = {
        CRDS: [
            {"metadata": {"name": f"gateways.gateway.{group}"}}
            for group in ("networking.k8s.io", "envoyproxy.io", "example.org")
        ],
        CLASSES: [{"metadata": {"name": name}} for name in ("eg", "mine")],
        "/api/v1/namespaces": [{"metadata": {"name": SYSTEM}}],
    }

    asked = _asked(lists, gateway=gateway)

    kept = {line.rpartition("/")[2] for line in asked}
    mine = {"gateways.gateway.example.org", "mine"}
    its = {
        *("gateways.gateway.networking.k8s.io", "eg", SYSTEM),
        "gateways.gateway.envoyproxy.io",
    }
    assert kept == (mine if gateway else mine | its)


def test_a_class_goes_although_it_is_held() -> None:
    """Envoy Gateway may be gone before it lets go of its class."""
    held = ["gateway-exists-finalizer.gateway.networking.k8s.io"]
    eg = {"metadata": {"name": "eg", "finalizers": held}}

    asked = _asked({CLASSES: [eg]}, gateway=False)

    assert asked == [f"DELETE {CLASSES}/eg", f"PATCH {CLASSES}/eg"]
