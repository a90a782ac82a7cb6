"""Install, repair and uninstall MetalLB.

Its containers take three seconds to start. An early installation lets other
steps of a lab's start run at the same time.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from graders.files import write_atomically
from graders.kube.apply import apply, namespace, read_objects
from graders.kube.client import MERGE, NO_GRACE_PERIOD, KubeError
from graders.kube.names import (
    CRDS,
    HELM_RELEASE,
    METALLB_APPS,
    METALLB_CORE,
    METALLB_NAMESPACE,
    METALLB_SELECTOR,
    RBAC_API,
    WEBHOOKS,
)
from graders.polling import until_none

if TYPE_CHECKING:
    from pathlib import Path

    from graders.kube.client import KubeClient, Object

_CONTROLLER: Final = f"{METALLB_APPS}/deployments/metallb-controller"
_BY_HELM: Final = {"app.kubernetes.io/managed-by": "Helm"}
_RELEASE: Final = {
    "meta.helm.sh/release-name": "metallb",
    "meta.helm.sh/release-namespace": METALLB_NAMESPACE,
}
_SPEAKERS: Final = "?labelSelector=app.kubernetes.io/component=speaker"
# Their generations tell whether an installation changed anything.
_COUNTED: Final = (
    f"{METALLB_APPS}/deployments{METALLB_SELECTOR}",
    f"{METALLB_APPS}/daemonsets{METALLB_SELECTOR}",
    f"{WEBHOOKS}{METALLB_SELECTOR}",
)
_GROUP: Final = ".metallb.io"
_ORPHAN: Final = {"propagationPolicy": "Orphan"}
# Order matters: the webhook goes first, because it rejects deletions once its
# controller is gone; workloads go before their pods, or controllers would
# recreate them.
_DELETIONS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    (f"{WEBHOOKS}{METALLB_SELECTOR}", {}),
    (f"{METALLB_APPS}/deployments", _ORPHAN),
    (f"{METALLB_APPS}/daemonsets", _ORPHAN),
    (f"{METALLB_APPS}/replicasets", NO_GRACE_PERIOD),
    (f"{METALLB_CORE}/pods", NO_GRACE_PERIOD),
    (METALLB_CORE, {}),
    (f"{RBAC_API}/clusterroles{METALLB_SELECTOR}", {}),
    (f"{RBAC_API}/clusterrolebindings{METALLB_SELECTOR}", {}),
)
# Seconds in which an object that was refused is applied again. A namespace
# that is being deleted takes longest.
_INSTALL_TIMEOUT_S: Final = 5.0
_REPAIR_TIMEOUT_S: Final = 30.0
_POLL_INTERVAL_S: Final = 0.2
# The key that MetalLB's controller would create: 128 bytes in base64, of which
# memberlist takes a digest.
_KEY_BYTES: Final = 128


@dataclass(frozen=True)
class InstallMarker:
    """The file that says how MetalLB was installed last.

    `recipe` names the manifest, `run_id` the command that installs it: what
    an earlier command began may have changed since.
    """

    file: Path
    recipe: str
    run_id: str

    def begun(self) -> bool:
        """Tell whether this command has applied all of it."""
        return self.text() == self._begun()

    def begin(self) -> None:
        """Note that all of it was applied."""
        write_atomically(self.file, self._begun())

    def text(self) -> str:
        """Return what is noted, "" for nothing."""
        return self.file.read_text("utf-8") if self.file.is_file() else ""

    def _begun(self) -> str:
        return f"{self.recipe}\nbegun {self.run_id}"


def wait_for_api(kube: KubeClient, seconds: float) -> bool:
    """Wait until a new cluster takes objects; return whether it does.

    The default service account is the last thing that a namespace needs.
    """

    def missing() -> list[str]:
        path = "/api/v1/namespaces/default/serviceaccounts/default"
        try:
            return [] if kube.get(path) else [path]
        except KubeError as error:
            return [str(error)]

    return not until_none(missing, seconds, _POLL_INTERVAL_S)


def install(kube: KubeClient, manifest: Path, marker: InstallMarker) -> bool:
    """Apply all of MetalLB if its namespace does not exist, and mark that.

    Returns whether it did. False is no failure: a namespace that exists, even
    one that is being deleted, is for `repair`.

    Raises:
        KubeError: the API server did not answer, or refused.
        OSError, yaml.YAMLError: the manifest cannot be read.

    """
    if kube.get(METALLB_CORE):
        return False
    objects = _read(manifest)
    try:
        kube.ask("POST", "/api/v1/namespaces", namespace(METALLB_NAMESPACE))
    except KubeError:
        return False  # another process has just created it
    _create_memberlist(kube)
    apply(kube, objects, _INSTALL_TIMEOUT_S)
    marker.begin()
    return True


def repair(kube: KubeClient, manifest: Path) -> bool:
    """Apply all of MetalLB over what is there; return if that changed it.

    Raises:
        KubeError: an object was refused for half a minute.
        OSError, yaml.YAMLError: the manifest cannot be read.

    """
    before = _generations(kube)
    apply(kube, [namespace(METALLB_NAMESPACE)], _REPAIR_TIMEOUT_S)
    if not kube.get(f"{METALLB_CORE}/secrets/metallb-memberlist"):
        _create_memberlist(kube)
    apply(kube, _read(manifest), _REPAIR_TIMEOUT_S)
    # The chart leaves the number of controllers open, so applying it does not
    # bring back a controller that was scaled to zero.
    kube.ask("PATCH", _CONTROLLER, {"spec": {"replicas": 1}}, MERGE)
    _restart_stale_speakers(kube)
    return before != _generations(kube)


def uninstall(kube: KubeClient) -> bool:
    """Start to uninstall MetalLB, however it was installed.

    Returns whether it was installed. Its namespace is deleted 5 s later at
    the earliest (Kubernetes' grace period), so `wait_uninstalled` comes after
    other steps.

    Raises:
        KubeError: the API server does not answer, or refuses.

    """
    # CRDs may be left although the namespace is gone.
    crds = _crds(kube)
    installed = bool(kube.get(METALLB_CORE) or crds)
    for path, options in _DELETIONS:
        kube.delete(path, options)
    for path in crds:
        kube.delete(path)
    return installed


def wait_uninstalled(kube: KubeClient, seconds: float) -> list[str]:
    """Wait until MetalLB is gone; return what is not in time.

    Raises:
        KubeError: as `uninstall`.

    """

    def remaining() -> list[str]:
        namespace = [METALLB_CORE] if kube.get(METALLB_CORE) else []
        return [f"{path} is not gone" for path in [*namespace, *_crds(kube)]]

    return until_none(remaining, seconds, _POLL_INTERVAL_S)


def _generations(kube: KubeClient) -> list[tuple[str, int]]:
    """Return what an apply that changes nothing leaves as it is."""
    return [
        (meta["uid"], meta["generation"])
        for path in _COUNTED
        for meta in kube.metadata(path)
    ]


def _restart_stale_speakers(kube: KubeClient) -> None:
    """Delete speakers that started before their list of interfaces changed.

    They read which interfaces to leave out only when they start.
    """
    settings = kube.get(f"{METALLB_CORE}/configmaps/metallb-excludel2") or {}
    fields = settings.get("metadata", {}).get("managedFields", [])
    changed = max((field.get("time", "") for field in fields), default="")
    for pod in kube.items(f"{METALLB_CORE}/pods{_SPEAKERS}"):
        if pod.get("status", {}).get("startTime", changed) < changed:
            name = pod["metadata"]["name"]
            kube.delete(f"{METALLB_CORE}/pods/{name}", NO_GRACE_PERIOD)


def _read(manifest: Path) -> list[Object]:
    """Return the objects of the chart, marked as `helm install` marks them.

    Helm uninstalls only what has this label and these annotations. The
    Secret in which it keeps the release has neither.
    """
    objects = read_objects(manifest)
    for item in objects:
        meta = item["metadata"]
        if meta["name"] != HELM_RELEASE:
            meta["annotations"] = (meta.get("annotations") or {}) | _RELEASE
            meta["labels"] = (meta.get("labels") or {}) | _BY_HELM
    return objects


def _create_memberlist(kube: KubeClient) -> None:
    """Create the key that speakers need to start.

    Without it they would fail, and be restarted seconds later.
    """
    kube.ask("POST", f"{METALLB_CORE}/secrets", _memberlist())


def _memberlist() -> Object:
    key = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "metallb-memberlist",
            "namespace": METALLB_NAMESPACE,
        },
        "stringData": {"secretkey": key},
    }


def _crds(kube: KubeClient) -> list[str]:
    names = [meta["name"] for meta in kube.metadata(CRDS)]
    return [f"{CRDS}/{name}" for name in names if name.endswith(_GROUP)]
