"""MetalLB is begun where there is none, once, and removed in one order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from graders.kube import metallb
from graders.kube.client import KubeError
from graders.kube.metallb import (
    InstallMarker,
    install,
    repair,
    uninstall,
    wait_for_api,
    wait_uninstalled,
)

if TYPE_CHECKING:
    from pathlib import Path

    from graders.kube.client import KubeClient


SPACE = "/api/v1/namespaces/metallb-system"
CONTROLLER = (
    "/apis/apps/v1/namespaces/metallb-system/deployments/metallb-controller"
)
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MANIFEST = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: metallb-system}
---
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: two, namespace: metallb-system, annotations: {a: b}}
"""
KEPT_RELEASE = """\
---
apiVersion: v1
kind: Secret
metadata: {name: sh.helm.release.v1.metallb.v1, namespace: metallb-system}
"""
RELEASE = {
    "meta.helm.sh/release-name": "metallb",
    "meta.helm.sh/release-namespace": "metallb-system",
}
KINDS = {
    "resources": [
        {"kind": "ConfigMap", "name": "configmaps", "namespaced": True},
        {"kind": "ServiceAccount", "name": "accounts", "namespaced": True},
    ]
}


class Cluster:
    """An API server of few words."""

    def __init__(self) -> None:
        """Have no MetalLB."""
        self.there: list[str] = []
        self.asked: list[str] = []
        self.bodies: dict[str, Any] = {}
        self.refused = ""

    def get(self, path: str) -> dict[str, Any] | None:
        """Return a namespace, if it is there, or what kinds there are."""
        if path == "/api/v1":
            return KINDS
        return {"metadata": {}} if path in self.there else None

    def metadata(self, path: str) -> list[dict[str, Any]]:
        """Return the names of the kinds that somebody defined."""
        assert path == CRD
        mine = [at for at in self.there if at.startswith(CRD)]
        return [{"name": at.rpartition("/")[2]} for at in mine]

    def ask(
        self, verb: str, path: str, body: dict[str, Any], *_: object
    ) -> dict[str, Any]:
        """Take what is made or applied."""
        if self.refused and self.refused in path:
            raise KubeError("refused")
        self.asked.append(f"{verb} {path.partition('?')[0]}")
        self.bodies[path] = body
        return {}

    def delete(self, path: str, options: object = None) -> None:
        """Take what is deleted."""
        self.ask("DELETE", path, {"options": options})


class Going(Cluster):
    """One whose things are gone after some looks."""

    def __init__(self, looks: int) -> None:
        """Have all of it, and a kind that is not MetalLB's."""
        super().__init__()
        others = f"{CRD}/widgets.example.org"
        self.there = [SPACE, f"{CRD}/bgppeers.metallb.io", others]
        self.looks = looks

    def get(self, path: str) -> dict[str, Any] | None:
        """Look: a time later, some of it is gone."""
        self.looks -= 1
        if self.looks == 0:
            self.there = self.there[2:]
        return super().get(path)


@pytest.fixture
def note(tmp_path: Path) -> InstallMarker:
    """Return a note that says nothing yet."""
    return InstallMarker(tmp_path / "seen", "recipe 1", "run-1")


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Return what MetalLB is made from."""
    file = tmp_path / "metallb.yaml"
    file.write_text(MANIFEST)
    return file


def _begin(cluster: Cluster, manifest: Path, note: InstallMarker) -> bool:
    return install(cast("KubeClient", cluster), manifest, note)


def test_begun_where_there_is_none(
    manifest: Path, note: InstallMarker
) -> None:
    """Namespace and memberlist's key come first, then all else, in order."""
    cluster = Cluster()
    assert _begin(cluster, manifest, note)
    assert cluster.asked == [
        "POST /api/v1/namespaces",
        f"POST {SPACE}/secrets",
        f"PATCH {SPACE}/configmaps/one",
        f"PATCH {SPACE}/accounts/two",
    ]
    key = cluster.bodies[f"{SPACE}/secrets"]["stringData"]["secretkey"]
    assert len(key) == 172
    assert note.begun()


def test_not_begun_where_there_is_one(
    manifest: Path, note: InstallMarker
) -> None:
    """What is there has more to be looked at."""
    cluster = Cluster()
    cluster.there = [SPACE]
    assert not _begin(cluster, manifest, note)
    assert not cluster.asked
    assert not note.begun()


def test_somebody_else_was_first(manifest: Path, note: InstallMarker) -> None:
    """Between the look and the making there is time for another."""
    cluster = Cluster()
    cluster.refused = "/api/v1/namespaces"
    assert not _begin(cluster, manifest, note)
    assert not note.begun()


def test_half_of_it_is_not_begun(
    manifest: Path, note: InstallMarker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is refused half-way is told, and must be applied in its turn."""
    monkeypatch.setattr("graders.kube.metallb._INSTALL_TIMEOUT_S", 0)
    cluster = Cluster()
    cluster.refused = "accounts"
    with pytest.raises(KubeError):
        _begin(cluster, manifest, note)
    assert not note.begun()


def test_begun_by_an_earlier_command_does_not_count(
    note: InstallMarker,
) -> None:
    """It may have been changed since; so may what another recipe made."""
    note.begin()
    assert note.begun()
    assert not InstallMarker(note.file, note.recipe, "run-2").begun()
    assert not InstallMarker(note.file, "recipe 2", note.run_id).begun()


def test_removed_in_an_order_that_nothing_refuses() -> None:
    """The webhook goes before its controller, owners go before pods."""
    cluster = Going(looks=9)
    assert uninstall(cast("KubeClient", cluster))
    kinds = [line.rpartition("/")[2] for line in cluster.asked]
    assert kinds == [
        "validatingwebhookconfigurations",
        "deployments",
        "daemonsets",
        "replicasets",
        "pods",
        "metallb-system",
        "clusterroles",
        "clusterrolebindings",
        "bgppeers.metallb.io",
    ]
    # Never all that is in a cluster.
    for path in cluster.bodies:
        inside = "/metallb-system" in path or "metallb.io" in path
        assert inside or "labelSelector=" in path


def test_nothing_to_remove() -> None:
    """That is said: nothing was changed."""
    assert not uninstall(cast("KubeClient", Cluster()))


def test_gone_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until its namespace and its kinds are gone, and no longer."""
    monkeypatch.setattr(metallb, "_POLL_INTERVAL_S", 0)
    cluster = Going(looks=3)
    assert wait_uninstalled(cast("KubeClient", cluster), 10) == []
    assert cluster.looks == 0


def test_what_does_not_go_is_named() -> None:
    """All of it, at once."""
    late = wait_uninstalled(cast("KubeClient", Going(looks=9)), 0)
    assert late == [
        f"{SPACE} is not gone",
        f"{CRD}/bgppeers.metallb.io is not gone",
    ]


class Installed(Cluster):
    """A cluster with MetalLB, whose generations change by a repair or not."""

    def __init__(self, *, changes: bool) -> None:
        """Have two speakers; one is older than its settings."""
        super().__init__()
        self.there = [SPACE]
        self.changes = changes
        self.pods = [
            {"metadata": {"name": name}, "status": {"startTime": time}}
            for name, time in (("old", "10:00"), ("new", "12:00"))
        ]
        # It has not started yet.
        self.pods.append({"metadata": {"name": "next"}, "status": {}})

    def get(self, path: str) -> dict[str, Any] | None:
        """Return the settings of the speakers, which changed at 11:00."""
        if path.endswith("/configmaps/metallb-excludel2"):
            fields = [{"time": "11:00"}, {"time": "09:00"}, {}]
            return {"metadata": {"managedFields": fields}}
        return super().get(path)

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return the speakers."""
        assert path.startswith(f"{SPACE}/pods?")
        return self.pods

    def metadata(self, path: str) -> list[dict[str, Any]]:
        """Return one object of each kind."""
        generation = 1 + (self.changes and bool(self.asked))
        return [{"uid": path, "generation": generation}]


def _namespaced() -> dict[str, Any]:
    kind = {"kind": "Namespace", "name": "namespaces", "namespaced": False}
    return {"resources": [*KINDS["resources"], kind]}


@pytest.mark.parametrize("changes", [True, False])
def test_repair(
    manifest: Path,
    changes: bool,  # noqa: FBT001 - a case
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Everything is applied, and a speaker with old settings is restarted."""
    monkeypatch.setitem(KINDS, "resources", _namespaced()["resources"])
    cluster = Installed(changes=changes)

    assert repair(cast("KubeClient", cluster), manifest) is changes

    assert cluster.asked == [
        "PATCH /api/v1/namespaces/metallb-system",
        f"POST {SPACE}/secrets",
        f"PATCH {SPACE}/configmaps/one",
        f"PATCH {SPACE}/accounts/two",
        f"PATCH {CONTROLLER}",
        f"DELETE {SPACE}/pods/old",
    ]


def test_helm_may_uninstall_all_of_the_chart(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but the Secret in which Helm keeps the release is marked as its."""
    secret = {"kind": "Secret", "name": "secrets", "namespaced": True}
    kinds = [*_namespaced()["resources"], secret]
    monkeypatch.setitem(KINDS, "resources", kinds)
    with manifest.open("a", encoding="utf-8") as file:
        file.write(KEPT_RELEASE)
    cluster = Installed(changes=True)

    repair(cast("KubeClient", cluster), manifest)

    marks = {
        body["metadata"]["name"]: (
            body["metadata"].get("labels"),
            body["metadata"].get("annotations"),
        )
        for body in cluster.bodies.values()
        if body.get("metadata", {}).get("namespace")
    }
    helm = {"app.kubernetes.io/managed-by": "Helm"}
    assert marks["one"] == (helm, RELEASE)
    assert marks["two"] == (helm, RELEASE | {"a": "b"})
    assert marks["sh.helm.release.v1.metallb.v1"] == (None, None)


def test_memberlist_key_stays(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Running speakers would not understand one another with another key."""
    monkeypatch.setitem(KINDS, "resources", _namespaced()["resources"])
    cluster = Installed(changes=False)
    cluster.there.append(f"{SPACE}/secrets/metallb-memberlist")

    repair(cast("KubeClient", cluster), manifest)

    assert f"POST {SPACE}/secrets" not in cluster.asked


def test_new_cluster_takes_objects() -> None:
    """It does once the default service account exists."""
    cluster = Cluster()
    assert not wait_for_api(cast("KubeClient", cluster), 0)
    account = "/api/v1/namespaces/default/serviceaccounts/default"
    cluster.there = [account]
    assert wait_for_api(cast("KubeClient", cluster), 0)
