"""What a student does to the lab, by mistake or by trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from graders.course.lab import load_lab
from tests.chaos.mishap import RESET, UP, Wrong, mishap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.world import World

_DEED: Final[dict[str, Any]] = {"deed": True, "back": RESET, "cheap": True}
_METALLB: Final = ("-n", "metallb-system")
_SYSTEM: Final = ("-n", "kube-system")
_FORCE: Final = ("--ignore-not-found", "--wait=false")
_REFUSES_ALL: Final = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: visitor}
webhooks:
- name: visitor.example.com
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Fail
  timeoutSeconds: 1
  clientConfig:
    service: {name: nowhere, namespace: default, path: /}
  rules:
  - {apiGroups: ["*"], apiVersions: ["*"], resources: ["*"], operations: ["*"]}
"""
_ENDLESS: Final = (
    "#!/bin/sh\\nexec yes '\\033]0;title\\007 a very long page'\\n"
)


@mishap("namespace-deleted", **_DEED)
def namespace_deleted(world: World) -> Iterator[None]:
    """The lab's namespace is deleted."""
    namespace = load_lab(world.lab).namespace
    world.kubectl("delete", "namespace", namespace, *_FORCE)
    yield


@mishap("metallb-deleted", **_DEED | {"cheap": False})
def metallb_deleted(world: World) -> Iterator[None]:
    """MetalLB's namespace is deleted."""
    world.kubectl("delete", "namespace", "metallb-system", *_FORCE)
    yield


@mishap("crds-deleted", **_DEED)
def crds_deleted(world: World) -> Iterator[None]:
    """MetalLB's CRDs are deleted, and its objects with them."""
    names = world.kubectl("get", "crd", "-o", "name").split()
    ours = [name for name in names if name.endswith("metallb.io")]
    chosen = world.random.sample(ours, world.random.randint(1, len(ours)))
    world.chose(f"{len(chosen)} of {len(ours)}")
    world.kubectl("delete", *chosen, *_FORCE)
    yield


@mishap("webhook-deleted", **_DEED)
def webhook_deleted(world: World) -> Iterator[None]:
    """MetalLB's webhook configuration is deleted."""
    kind = "validatingwebhookconfiguration"
    world.kubectl("delete", kind, "--all", *_FORCE)
    yield


@mishap("controller-deleted", **_DEED)
def controller_deleted(world: World) -> Iterator[None]:
    """MetalLB's Deployment or DaemonSet is deleted."""
    kind = world.chose(world.random.choice(["deployment", "daemonset"]))
    world.kubectl("delete", kind, "--all", *_METALLB, *_FORCE)
    yield


@mishap("network-pods-deleted", **_DEED | {"cheap": False})
def network_pods_deleted(world: World) -> Iterator[None]:
    """The pods' network, kube-proxy or DNS is deleted."""
    kinds = ("daemonset/kindnet", "daemonset/kube-proxy", "deployment/coredns")
    one = world.chose(world.random.choice(kinds))
    world.kubectl("delete", one, *_SYSTEM, *_FORCE)
    yield


@mishap("pods-killed", **_DEED)
def pods_killed(world: World) -> Iterator[None]:
    """All pods of MetalLB and of the pods' network are deleted."""
    for place in (_METALLB, _SYSTEM):
        world.kubectl("delete", "pod", "--all", *place, "--force", *_FORCE)
    yield


@mishap("secrets-deleted", **_DEED)
def secrets_deleted(world: World) -> Iterator[None]:
    """MetalLB's secrets are deleted, its certificate among them."""
    world.kubectl("delete", "secret", "--all", *_METALLB, *_FORCE)
    yield


@mishap("nodes-cordoned", **_DEED)
def nodes_cordoned(world: World) -> Iterator[None]:
    """All nodes are cordoned and tainted."""
    nodes = [world.name("worker"), world.name("worker2")]
    world.kubectl("cordon", *nodes)
    world.kubectl("taint", "node", *nodes, "visitor=1:NoExecute")
    yield


@mishap("node-object-deleted", labs=("1",), back=UP, keeps=True, cheap=True)
def node_object_deleted(world: World) -> Iterator[None]:
    """The Node object of a worker is deleted."""
    role = world.chose(world.random.choice(["worker", "worker2"]))
    world.kubectl("delete", "node", world.name(role))
    yield


@mishap("node-objects-deleted", deed=True, back=RESET)
def node_objects_deleted(world: World) -> Iterator[None]:
    """The Node objects of all workers are deleted."""
    nodes = [world.name("worker"), world.name("worker2")]
    world.kubectl("delete", "node", *nodes)
    yield


@mishap("webhook-refuses-all", **_DEED)
def webhook_refuses_all(world: World) -> Iterator[None]:
    """A webhook of the student refuses every change of the cluster."""
    world.apply(_REFUSES_ALL)
    yield


@mishap("finalizer", **_DEED)
def finalizer(world: World) -> Iterator[None]:
    """An object has a finalizer that nothing removes."""
    namespace = load_lab(world.lab).namespace
    world.apply(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: visitor\n"
        f"  namespace: {namespace}\n  finalizers: [visitor.example.com/no]\n"
    )
    world.kubectl("delete", "namespace", namespace, *_FORCE)
    yield


@mishap("many-objects", **_DEED)
def many_objects(world: World) -> Iterator[None]:
    """There are hundreds of objects, with much text in each."""
    namespace = load_lab(world.lab).namespace
    one = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:"
        " {{name: visitor-{0}, namespace: {1}}}\ndata: {{text: {2}}}\n"
    )
    text = "x" * 2000
    world.apply(
        "---\n".join(one.format(n, namespace, text) for n in range(200))
    )
    yield


@mishap("router-wiped", **_DEED)
def router_wiped(world: World) -> Iterator[None]:
    """The router's configuration is wiped, in memory and on its disk."""
    world.inside(
        "router",
        ": > /etc/frr/frr.conf; vtysh -c 'configure terminal'"
        " -c \"no $(vtysh -c 'show running-config' | grep '^router bgp')\"",
        check=False,
    )
    yield


@mishap("files-deleted", **_DEED)
def files_deleted(world: World) -> Iterator[None]:
    """The kit's files on a machine are deleted."""
    roles = ("dhcp", "router", "desk", "client")
    role = world.chose(world.random.choice(roles))
    world.inside(role, "rm -rf /lab/* /etc/frr/* /etc/dnsmasq*", check=False)
    yield


@mishap("interfaces-deleted", **_DEED)
def interfaces_deleted(world: World) -> Iterator[None]:
    """Addresses and routes of a machine or worker are flushed."""
    roles = ("client", "lan-client", "router", "desk", "worker")
    role = world.chose(world.random.choice(roles))
    world.inside(role, "ip address flush dev eth0; ip route flush table main")
    yield


@mishap("all-dropped", **_DEED, lasts=True)
def all_dropped(world: World) -> Iterator[None]:
    """A packet filter drops all that a machine sends and receives."""
    roles = ("client", "lan-client", "router", "worker")
    role = world.chose(world.random.choice(roles))
    script = "; ".join(
        f"iptables -I {chain} -j DROP -m comment --comment 'x$(touch /x)\"'"
        for chain in ("INPUT", "OUTPUT", "FORWARD")
    )
    world.inside(role, script)
    yield
    if world.inside(role, "ls /x", check=False):
        raise Wrong("what stands in a rule's comment was run")


@mishap("endless-output", **_DEED)
def endless_output(world: World) -> Iterator[None]:
    """Curl on the clients prints without an end, escape sequences too."""
    for role in ("client", "lan-client"):
        world.inside(
            role,
            f'printf "{_ENDLESS}" > /usr/local/bin/curl;'
            " chmod +x /usr/local/bin/curl",
        )
    yield


@mishap("escape-sequences", **_DEED)
def escape_sequences(world: World) -> Iterator[None]:
    """Programs on the machines print escape sequences and half characters."""
    for role, program in (("client", "curl"), ("router", "vtysh")):
        world.inside(
            role,
            "printf '#!/bin/sh\\nprintf \"\\\\033[2J\\\\377\\\\303 {\"\\n' >"
            f" /usr/local/bin/{program}; chmod +x /usr/local/bin/{program}",
        )
    yield
