"""Notice changes of the cluster's objects, as the API server reports them."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, Final

from graders.errors import MALFORMED
from graders.kube.client import JSON, KubeError
from graders.kube.names import CRDS, METALLB_API, WEBHOOKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from graders.kube.client import KubeClient

# Kinds on which a lab depends. Leases and events are none of them: they
# change all the time.
KINDS: Final = (
    *("/api/v1/namespaces", "/api/v1/nodes", "/api/v1/pods"),
    *("/api/v1/services", "/api/v1/configmaps", "/api/v1/secrets"),
    *("/apis/apps/v1/deployments", "/apis/apps/v1/daemonsets"),
    "/apis/discovery.k8s.io/v1/endpointslices",
    "/apis/networking.k8s.io/v1/networkpolicies",
    *(WEBHOOKS, CRDS),
    *(f"{METALLB_API}/ipaddresspools", f"{METALLB_API}/communities"),
    *(f"{METALLB_API}/l2advertisements", f"{METALLB_API}/servicel2statuses"),
    *(f"{METALLB_API}/bgpadvertisements", f"{METALLB_API}/servicebgpstatuses"),
    "/apis/metallb.io/v1beta2/bgppeers",
)
_METADATA: Final = f"{JSON};as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
# The API server ends a watch after this time, and another one begins.
_WATCH_S: Final = 300
_PATIENCE_S: Final = 30
# Between two tries while the API server does not answer.
_PAUSE_S: Final = 2.0
# The same if it has no such kind, as before MetalLB is installed.
_NO_KIND_S: Final = 10.0


class ClusterChanges:
    """Calls `notify` for each change of an object, from other threads.

    Only metadata is sent, and nothing at all while nothing changes.
    """

    def __init__(
        self, client: KubeClient, notify: Callable[[], object]
    ) -> None:
        """Begin to watch."""
        self._client = client
        self._notify = notify
        self._ended = threading.Event()
        for path in KINDS:
            threading.Thread(
                target=self._follow, args=(path,), daemon=True
            ).start()

    def close(self) -> None:
        """End all watches."""
        self._ended.set()
        self._client.interrupt()

    def _follow(self, path: str) -> None:
        """Watch a kind until the end, whatever happens to the API server."""
        known: dict[str, str] = {}
        while not self._ended.is_set():
            try:
                if not self._read(path, known):
                    self._ended.wait(_NO_KIND_S)
            except KubeError:
                self._ended.wait(_PAUSE_S)

    def _read(self, path: str, known: dict[str, str]) -> bool:
        """Read one watch to its end; tell whether it said anything.

        It begins with what exists, of which `known` has the versions.
        """
        spoke = False
        query = f"?watch=1&timeoutSeconds={_WATCH_S}"
        for line in self._client.lines(
            path + query, _METADATA, _WATCH_S + _PATIENCE_S
        ):
            if self._ended.is_set():
                break
            spoke = True
            if _is_news(line, known):
                self._notify()
        return spoke


def _is_news(line: bytes, known: dict[str, str]) -> bool:
    """Tell whether an event is of a version that is not known yet."""
    try:
        event: dict[str, Any] = json.loads(line)
        metadata = event["object"]["metadata"]
        uid, version = metadata["uid"], metadata["resourceVersion"]
    except MALFORMED:
        return False
    if event["type"] == "DELETED":
        return known.pop(uid, None) is not None
    news = bool(known.get(uid) != version)
    known[uid] = version
    return news
