"""Single objects are restored to what was recorded of them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from graders.kube.client import KubeError
from graders.kube.restore import is_restorable, recordable, restore_objects
from tests.kube_api import FakeApi

if TYPE_CHECKING:
    from collections.abc import Iterable

PROXY: dict[str, Any] = {
    "metadata": {
        "name": "kube-proxy",
        "namespace": "kube-system",
        "labels": {"app": "kube-proxy"},
        "uid": "u1",
        "resourceVersion": "7",
    },
    "data": {"mode": "iptables"},
    "status": {"x": 1},
}
PLACE = "configmaps kube-system/kube-proxy"
LIST = "/api/v1/namespaces/kube-system/configmaps"
PATH = f"{LIST}/kube-proxy"
RECORDED = {PLACE: recordable(PROXY)}


class Api(FakeApi):
    """An API server with single objects, that notes what it is sent."""

    def __init__(self, objects: dict[str, dict[str, Any]]) -> None:
        """Have these objects, by path, and lists of their kinds."""
        super().__init__(
            {"/api/v1/configmaps": [], "/apis/x.org/v1/widgets": []}
        )
        self.objects = copy.deepcopy(objects)
        self.sent: dict[str, Any] = {}
        self.refused = ""

    def get(self, path: str, accept: str = "") -> dict[str, Any] | None:
        """Return an object, or the kinds."""
        if path.endswith("?limit=1"):
            return {"apiVersion": "v1", "kind": "ConfigMapList", "items": []}
        return self.objects.get(path) or super().get(path, accept)

    def ask(self, verb: str, path: str, body: Any, *_: object) -> Any:  # noqa: ANN401 - any JSON
        """Note a request."""
        self.asked.append(f"{verb} {path}")
        if verb == self.refused:
            raise KubeError("immutable")
        self.sent[verb] = body


def _restore(
    api: Api,
    places: Iterable[str] = (PLACE,),
    recorded: dict[str, dict[str, Any]] = RECORDED,
) -> list[str]:
    restore_objects(api, places, recorded)  # type: ignore[arg-type] # as far as it is asked
    return api.asked


def test_what_is_recorded() -> None:
    """What the API server writes is not, nor kinds that others restore."""
    assert RECORDED[PLACE] == {
        "metadata": {
            "name": "kube-proxy",
            "namespace": "kube-system",
            "labels": {"app": "kube-proxy"},
        },
        "data": {"mode": "iptables"},
    }
    assert is_restorable("configmaps")
    assert not is_restorable("pods")
    assert not is_restorable("nodes")


def test_changed() -> None:
    """It is replaced, and pods that have read it are restarted."""
    now = PROXY | {"data": {"mode": "ipvs"}, "kind": "ConfigMap"}
    now["metadata"] = PROXY["metadata"] | {"annotations": {"mine": "x"}}
    api = Api({PATH: now | {"apiVersion": "v1"}})

    pods = "/api/v1/namespaces/kube-system/pods"
    assert _restore(api) == [
        f"PUT {PATH}",
        f"DELETE {pods}?labelSelector=k8s-app=kube-proxy",
    ]
    sent = api.sent["PUT"]
    assert sent["data"] == {"mode": "iptables"}
    assert (sent["apiVersion"], sent["kind"]) == ("v1", "ConfigMap")
    assert sent["metadata"]["resourceVersion"] == "7"
    assert sent["metadata"]["annotations"] is None
    assert sent["metadata"]["labels"] == {"app": "kube-proxy"}


def test_missing() -> None:
    """It is created."""
    api = Api({})

    assert _restore(api)[0] == f"POST {LIST}"
    assert api.sent["POST"]["kind"] == "ConfigMap"
    assert api.sent["POST"]["data"] == {"mode": "iptables"}


def test_immutable() -> None:
    """What cannot be changed is created again."""
    api = Api({PATH: PROXY | {"kind": "ConfigMap"}})
    api.refused = "PUT"

    assert _restore(api)[:3] == [
        f"PUT {PATH}",
        f"DELETE {PATH}",
        f"POST {LIST}",
    ]


def test_unexpected() -> None:
    """What was not there is deleted."""
    path = "/apis/x.org/v1/namespaces/default/widgets/mine"
    api = Api({path: {"metadata": {"name": "mine"}}})

    assert _restore(api, ["widgets.x.org default/mine"]) == [f"DELETE {path}"]


def test_namespaces_come_first() -> None:
    """Without them nothing can be created in them."""
    recorded = RECORDED | {
        "namespaces kube-system": {"metadata": {"name": "kube-system"}}
    }
    places = [PLACE, "namespaces kube-system"]

    asked = _restore(Api({}), places, recorded)

    assert asked[0] == "POST /api/v1/namespaces"


@pytest.mark.parametrize(
    "place", ["nodes lab-worker", "odds and/ends", "configmaps a/b"]
)
def test_others(place: str) -> None:
    """Nodes, kinds that are gone, and objects that are gone stay."""
    assert _restore(Api({}), [place]) == []


def test_refused() -> None:
    """One that is refused keeps no other from being restored."""
    api = Api({})
    api.refused = "POST"
    recorded = RECORDED | {"configmaps a/b": {"metadata": {"name": "b"}}}

    assert _restore(api, ["configmaps a/b", PLACE], recorded)[:2] == [
        "POST /api/v1/namespaces/a/configmaps",
        f"POST {LIST}",
    ]
