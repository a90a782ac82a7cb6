"""The API server is frozen, killed, stopped, slow or busy."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tests.chaos.mishap import (
    BEFORE,
    DURING,
    GRADE,
    HINT,
    RESET,
    START,
    STATUS,
    UP,
    mishap,
)
from tests.chaos.mishaps.machines import kill_by_name
from tests.chaos.world import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.world import World

_SERVER: Final = "kube-apiserver"
_MANIFEST: Final = "/etc/kubernetes/manifests/kube-apiserver.yaml"
# Not in the folder that kubelet reads.
_ASIDE: Final = "/etc/kubernetes/kube-apiserver.yaml"
# kubelet looks at its manifests every 20 seconds.
_STOP_S: Final = 60
_BACK_S: Final = 120
_REFUSES: Final = """\
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: visitor}
spec:
  type: Limited
  limited:
    nominalConcurrencyShares: 0
    lendablePercent: 0
    borrowingLimitPercent: 0
    limitResponse: {type: Reject}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: visitor}
spec:
  matchingPrecedence: 2
  priorityLevelConfiguration: {name: visitor}
  rules:
  - subjects: [{kind: User, user: {name: kubernetes-admin}}]
    resourceRules:
    - verbs: ["*"]
      apiGroups: ["*"]
      resources: ["*"]
      clusterScope: true
      namespaces: ["*"]
    nonResourceRules:
    - {verbs: ["*"], nonResourceURLs: ["*"]}
"""


def _answers(world: World) -> bool:
    return world.kubectl("get", "--raw", "/readyz", check=False) == "ok"


@mishap("api-frozen", when=(BEFORE, DURING), keeps=True, back=UP, cheap=True)
def api_frozen(world: World) -> Iterator[None]:
    """The API server hangs for seconds."""
    seconds = world.random.randint(3, 12)
    world.chose(f"{seconds} s")
    goes_on = f"sleep {seconds}; {kill_by_name(_SERVER, 'CONT')}"
    node = world.control_plane
    world.docker("exec", "--detach", node, "sh", "-c", goes_on)
    world.inside("control-plane", kill_by_name(_SERVER, "STOP"))
    yield
    world.inside("control-plane", kill_by_name(_SERVER, "CONT"))


@mishap("api-killed", when=(BEFORE, DURING), keeps=True, back=UP)
def api_killed(world: World) -> Iterator[None]:
    """The API server is killed; kubelet starts it again."""
    world.inside("control-plane", kill_by_name(_SERVER, "KILL"))
    yield


@mishap("etcd-killed", keeps=True, back=UP)
def etcd_killed(world: World) -> Iterator[None]:
    """The cluster's database is killed; kubelet starts it again."""
    world.inside("control-plane", kill_by_name("etcd", "KILL"))
    yield


@mishap("api-stopped", commands=(GRADE, STATUS, UP), keeps=True, back=UP)
def api_stopped(world: World) -> Iterator[None]:
    """The API server is away for the time of a command."""
    world.inside("control-plane", f"mv {_MANIFEST} {_ASIDE}")
    try:
        eventually(lambda: not _answers(world), _STOP_S)
        yield
    finally:
        world.inside("control-plane", f"mv {_ASIDE} {_MANIFEST}")
        eventually(lambda: _answers(world), _BACK_S)


@mishap("api-slow", keeps=True, commands=(GRADE, HINT, STATUS, UP, RESET))
def api_slow(world: World) -> Iterator[None]:
    """The control plane's network is slow, and its packets wait."""
    rate = world.chose(f"{world.random.randint(2, 8)}mbit")
    with _throttled(world, rate, "1s"):
        yield


@mishap("api-lossy", keeps=True, commands=(GRADE, HINT, STATUS, UP, RESET))
def api_lossy(world: World) -> Iterator[None]:
    """The control plane's network is slow, and loses packets."""
    rate = world.chose(f"{world.random.randint(2, 8)}mbit")
    with _throttled(world, rate, "5ms"):
        yield


@mishap("api-busy", keeps=True, cheap=True, commands=(GRADE, HINT, UP, START))
def api_busy(world: World) -> Iterator[None]:
    """The API server answers 429, too many requests."""
    world.apply(_REFUSES)
    try:
        yield
    finally:
        for kind in ("flowschema", "prioritylevelconfiguration"):
            world.kubectl("delete", kind, "visitor", "--ignore-not-found")


@contextmanager
def _throttled(world: World, rate: str, queue: str) -> Iterator[None]:
    """Send at this rate for a while; what would wait longer is lost.

    Not every kernel has netem, which could delay each packet.
    """
    limit = f"tbf rate {rate} burst 16k latency {queue}"
    _shape(world, f"tc qdisc replace dev eth0 root {limit}")
    try:
        yield
    finally:
        _shape(world, "tc qdisc del dev eth0 root || true")


def _shape(world: World, command: str) -> None:
    """Run tc in the control plane's network; nodes have no tc."""
    image = world.docker(
        "inspect", "--format", "{{.Image}}", world.name("router")
    )
    world.docker(
        *("run", "--rm", "--name", world.label, "--cap-add", "NET_ADMIN"),
        *("--network", f"container:{world.control_plane}"),
        *("--entrypoint", "sh", image, "-c", command),
    )
