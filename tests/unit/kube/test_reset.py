"""What of a cluster goes and what stays when a lab is started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from graders.kube.client import KubeError
from graders.kube.reset import PreserveRules, node_patch, reset_cluster

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = PreserveRules(
    frozenset({"kube-system", "metallb-system"}),
    frozenset({"lab-2"}),
    "lab-control-plane",
)
LABELS = dict.fromkeys(
    [
        *("beta.kubernetes.io/arch", "beta.kubernetes.io/os"),
        *("kubernetes.io/arch", "kubernetes.io/hostname"),
        "kubernetes.io/os",
    ],
    "x",
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


class Recorded:
    """An API server of objects that were written down; deletes are noted."""

    def __init__(self, lists: dict[str, list[dict[str, Any]]]) -> None:
        """Know these lists, and that all other kinds have none."""
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        for node in lists.setdefault("/api/v1/nodes", [_node()]):
            node["status"] = ready
        self.lists = lists
        self.asked: list[str] = []

    def get(self, path: str) -> dict[str, Any] | None:
        """Return an object, None where there is none."""
        return next(iter(self.lists.get(path, [])), None)

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return a list."""
        return self.lists.get(path, [])

    def metadata(self, path: str) -> list[dict[str, Any]]:
        """Return a list's metadata."""
        return [item["metadata"] for item in self.items(path)]

    def delete(self, path: str, *_: object) -> dict[str, Any] | None:
        """Note it; what is called gone is not there any more."""
        return self.ask("DELETE", path)

    def ask(self, verb: str, path: str, *_: object) -> dict[str, Any] | None:
        """Note the request; what is called gone is not there any more."""
        self.asked.append(f"{verb} {path}")
        return None if path.endswith("/gone") else {}


def _node(**labels: str) -> dict[str, Any]:
    name = "lab-worker"
    return {"metadata": {"name": name, "labels": LABELS | labels}, "spec": {}}


def _meta(name: str, space: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {"metadata": {"name": name, "namespace": space} | more}


def _restored(
    lists: dict[str, list[dict[str, Any]]], *, metallb: bool = True
) -> tuple[list[str], list[str]]:
    kube = Recorded(lists)
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
        (
            "v1/services",
            _meta("a", "default", labels={"component": "apiserver"}),
        ),
        ("v1/configmaps", _meta("kube-root-ca.crt", "lab-2")),
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
        ("apps/v1/deployments", _meta("x", "lab-2", labels={"app": "x"})),
        ("apps/v1/deployments", _meta("web", "lab-9", labels=OURS)),
        ("networking.k8s.io/v1/networkpolicies", _meta("deny", "lab-2")),
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


def test_a_server_that_has_just_started() -> None:
    """A list that it refuses at first is asked for again."""
    kube = Recorded({"/api/v1/pods": [_meta("curl", "default")]})
    refusals = [KubeError("storage is (re)initializing")] * 2

    def items(path: str) -> list[dict[str, Any]]:
        if refusals and path.endswith("/namespaces"):
            raise refusals.pop()
        return kube.lists.get(path, [])

    kube.items = items  # type: ignore[method-assign] # for this once
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


def test_namespaces() -> None:
    """One that is nobody's goes."""
    names = ["default", "kube-system", "lab-2", "mine"]
    found = [{"metadata": {"name": name}} for name in names]

    asked, _ = _restored({"/api/v1/namespaces": found})

    assert asked == ["DELETE /api/v1/namespaces/mine"]


def test_metallb() -> None:
    """Its resources go, and secrets that are not its own; it stays."""
    space = "namespaces/metallb-system"
    pools = f"/apis/metallb.io/v1beta1/{space}/ipaddresspools"
    secrets = f"/api/v1/{space}/secrets"
    own = _meta("memberlist", "metallb-system") | {"type": "Opaque"}
    other = _meta("bgp", "metallb-system") | {"type": "basic-auth"}
    lists = {
        pools: [_meta("any", "metallb-system")],
        secrets: [own, other],
    }

    asked, _ = _restored(lists)

    assert asked == [f"DELETE {pools}/any", f"DELETE {secrets}/bgp"]
    assert _restored(lists, metallb=False) == ([], [])


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
    asked, told = _restored({"/api/v1/nodes": [_node(rack="a")]})

    assert asked == ["PATCH /api/v1/nodes/lab-worker"]
    assert told == ["changed node lab-worker"]


@pytest.mark.parametrize("control_plane", [True, False])
def test_nothing_to_mend(*, control_plane: bool) -> None:
    """A node as kubeadm made it, whatever the cluster says of its health."""
    node = _node()
    node["spec"]["taints"] = [LOST]
    if control_plane:
        node = _master(LOST, TAINT)

    assert node_patch(node, control_plane=control_plane) is None


def _master(*taints: dict[str, str]) -> dict[str, Any]:
    exclude = "node.kubernetes.io/exclude-from-external-load-balancers"
    node = _node(**{MASTER: "", exclude: ""})
    node["spec"]["taints"] = list(taints)
    return node


def _cordoned(node: dict[str, Any]) -> None:
    node["spec"] |= {"unschedulable": True, "taints": [CORDONED]}


def _tainted(node: dict[str, Any]) -> None:
    node["spec"]["taints"] = [LOST, {"key": "mine", "effect": "NoSchedule"}]


@pytest.mark.parametrize(
    ("damage", "taints"), [(_cordoned, []), (_tainted, [LOST])]
)
def test_taints(
    damage: Callable[[dict[str, Any]], None], taints: list[dict[str, str]]
) -> None:
    """A student's go, the cluster's own stay."""
    node = _node()
    damage(node)

    patch = node_patch(node, control_plane=False)

    assert patch
    assert patch["spec"] == {"unschedulable": None, "taints": taints}


def test_labels() -> None:
    """What was added goes, what was taken comes back."""
    node = _master(TAINT)
    node["metadata"]["labels"].pop(MASTER)
    node["metadata"]["labels"]["rack"] = "a"

    patch = node_patch(node, control_plane=True)

    assert patch
    assert patch["metadata"]["labels"] == {"rack": None, MASTER: ""}
    assert patch["spec"]["taints"] == [TAINT]


def _list(kind: str) -> str:
    return f"/api/{kind}" if kind.startswith("v1/") else f"/apis/{kind}"
