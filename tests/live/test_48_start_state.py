"""Each kind of thing that belongs to the start state is found and restored.

One lab is changed in many ways. A reset restores most of them in place,
recreates a machine for some, and rebuilds the lab for the rest.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

import pytest

from graders.kube.client import cluster_client
from graders.providers.kind_location import locate
from graders.state import lab_state
from graders.state.baseline import (
    Difference,
    diff,
    snapshot_cluster,
    snapshot_machines,
)
from tests.depth import thorough

from .conftest import STUDENT, eventually, ok, run

if TYPE_CHECKING:
    from collections.abc import Iterator

_MANIFEST: Final = "kubectl apply -f - <<'END'\n{}\nEND"
_POLICY: Final = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: mine}
spec:
  matchConstraints:
    resourceRules:
      - apiGroups: [""]
        apiVersions: [v1]
        operations: [CREATE]
        resources: [services]
  validations: [{expression: "false"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: mine}
spec: {policyName: mine, validationActions: [Deny]}"""
_CRD: Final = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.org}
spec:
  group: example.org
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object}}"""
_LIMITS: Final = """\
apiVersion: v1
kind: LimitRange
metadata: {name: mine, namespace: kube-system}
spec: {limits: [{type: Pod, max: {cpu: 1m}}]}"""
_SCALER: Final = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: mine}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: none}
  maxReplicas: 2"""
_NETWORK_POLICY: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: mine, namespace: metallb-system}
spec: {podSelector: {}, policyTypes: [Egress]}"""
_WEBHOOK: Final = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: mine}
webhooks:
  - name: mine.example.org
    admissionReviewVersions: [v1]
    clientConfig: {url: https://127.0.0.1:9}
    rules:
      - apiGroups: [""]
        apiVersions: [v1]
        operations: [CREATE]
        resources: [services]
    sideEffects: None"""
_STORAGE: Final = """\
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: mine}
provisioner: example.org/none"""
_PATCH: Final = "kubectl patch {} -n kube-system --type=merge -p '{}'"
_SLICE: Final = """\
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: mine, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints: [{addresses: [10.1.2.3]}]"""
# In the kit's shell, where kubectl begins in the lab's namespace.
CLUSTER: Final = {
    "quota": "kubectl create quota mine --hard=services=3",
    "budget": "kubectl create pdb mine --selector=app=x --min-available=1",
    "priority": "kubectl create priorityclass mine --value=7",
    "role": "kubectl create role mine --verb=get --resource=pods",
    "cluster-role": (
        "kubectl create clusterrole mine --verb=get --resource=pods;"
        " kubectl create clusterrolebinding mine --clusterrole=mine --user=x"
    ),
    "policy": _MANIFEST.format(_POLICY),
    "crd": _MANIFEST.format(_CRD),
    "slice": _MANIFEST.format(_SLICE),
    "secret": "kubectl create secret generic mine --from-literal=a=b",
    "account": "kubectl create serviceaccount mine -n default",
    "namespace": "kubectl create namespace mine",
    "pod": "kubectl run mine --image=none -n default",
    "node-label": "kubectl label nodes --all rack=a",
    "node-annotation": "kubectl annotate nodes --all mine=a",
    "node-taint": "kubectl taint nodes --all mine=a:PreferNoSchedule",
    "cordon": 'kubectl cordon "$(kubectl get nodes -o name | tail -n 1)"',
    "web": "kubectl scale deployment --all --replicas=0",
    "limits": _MANIFEST.format(_LIMITS),
    "scaler": _MANIFEST.format(_SCALER),
    "network-policy": _MANIFEST.format(_NETWORK_POLICY),
    "webhook": _MANIFEST.format(_WEBHOOK),
    "storage": _MANIFEST.format(_STORAGE),
    "kube-proxy": _PATCH.format(
        "configmap kube-proxy", '{"data": {"a": "b"}}'
    ),
    "coredns": _PATCH.format("configmap coredns", '{"data": {"a": "b"}}'),
    "system-role": _PATCH.format("role kube-proxy", '{"rules": []}'),
    "namespace-label": "kubectl label namespace default kube-system mine=a",
    "namespace-note": "kubectl annotate namespace metallb-system mine=a",
}
_PORT: Final = "sed -i 's/^bgpd_options=\"/&-p 1179 /' /etc/frr/daemons"
_TABLE: Final = "add table ip mine; add chain ip mine c"
# On one machine or node.
MACHINES: Final = {
    "address": ("client", "ip address add 10.254.0.1/32 dev lo"),
    "interface": ("client", "ip link add mine type veth peer name yours"),
    "mtu": ("worker2", "ip link set eth0 mtu 1400"),
    "down": ("lan-client", "ip link set eth0 down"),
    "route": ("client", "ip route add blackhole 10.254.0.0/24"),
    "default": ("desk", "ip route add default dev eth0 metric 7"),
    "bgp": ("worker", "ip route add 10.254.7.1 dev eth0 proto bgp"),
    "next-hop": ("router", "ip nexthop add id 99 dev eth0"),
    "rule": ("router", "ip rule add to 10.254.0.0/24 lookup 100"),
    "table": ("router", "ip route add blackhole 10.254.0.0/24 table 100"),
    "local": ("worker", "ip route add local 10.254.0.1 dev lo proto kernel"),
    "neighbour": (
        "router",
        "ip neigh add 10.254.0.1 dev eth0 lladdr 2:0:0:0:0:1 nud permanent",
    ),
    "noarp": (
        "lan-client",
        "ip neigh add 10.254.0.2 dev eth0 lladdr 2:0:0:0:0:1 nud noarp",
    ),
    "learnt": (
        "client",
        "ip neigh add 10.254.0.3 dev eth0 lladdr 2:0:0:0:0:1 extern_learn",
    ),
    "proxy": ("worker", "ip neigh add proxy 10.254.0.1 dev eth0"),
    "filter": ("client", "iptables -A OUTPUT -d 10.254.0.0/24 -j DROP"),
    "chain": ("worker2", "iptables -N MINE && iptables -A MINE -j DROP"),
    "nat": ("router", "iptables -t nat -A PREROUTING -d 10.254.0.1 -j ACCEPT"),
    "mangle": (
        "worker",
        "iptables -t mangle -A INPUT -d 10.254.0.1 -j ACCEPT",
    ),
    "nft": ("worker", f"nft '{_TABLE}'"),
    "delay": ("router", "tc qdisc add dev eth0 root pfifo limit 10"),
    "clsact": ("client", "tc qdisc add dev eth0 clsact"),
    "forwarding": ("router", "sysctl -w net.ipv4.ip_forward=0"),
    "hash": ("router", "sysctl -w net.ipv4.fib_multipath_hash_policy=0"),
    "arp": ("worker", "sysctl -w net.ipv4.conf.eth0.arp_ignore=2"),
    "proxy-arp": ("worker2", "sysctl -w net.ipv4.conf.eth0.proxy_arp=1"),
    "sysctl-file": (
        "worker2",
        "echo net.ipv4.ip_forward=0 > /etc/sysctl.d/mine.conf",
    ),
    "kubelet": (
        "worker",
        "echo maxPods: 9 >> /var/lib/kubelet/config.yaml",
    ),
    "curl": ("client", "cp /bin/true /usr/local/bin/curl"),
    "curlrc": ("lan-client", "echo proxy=127.0.0.1 > ~root/.curlrc"),
    "script": ("desk", "rm /usr/local/bin/lab-lease"),
    "process": ("router", "nohup sleep 987 > /dev/null 2>&1 &"),
    "frr": (
        "router",
        "vtysh -c 'configure' -c 'ip prefix-list mine permit 192.0.2.0/24'",
    ),
    "port": (
        "router",
        f"{_PORT} && /usr/lib/frr/frrinit.sh restart",
    ),
    "program": ("client", "cp /bin/true /usr/bin/curl"),
    "hosts": ("client", "echo 192.0.2.7 shop.example >> /etc/hosts"),
    "leases": ("dhcp", "rm -rf /lab /lab/*"),
    "dnsmasq": ("dhcp", "echo '# mine' >> /etc/dnsmasq.conf"),
}
# The reset finds these, and recreates the machine.
RECREATED: Final = {
    "added": ("client", "touch /usr/bin/mine"),
    "removed": ("desk", "rm -rf /usr/lib/frr"),
}


@pytest.fixture(scope="module", autouse=True)
def lab(fresh: str) -> Iterator[None]:
    """Start a lab with MetalLB, the router and pods."""
    del fresh
    ok("lab", "start", "1")
    yield
    ok("lab", "reset")


def differences() -> list[Difference]:
    """Compare what is there with the recorded start."""
    plan = locate(STUDENT).plan
    recorded = lab_state.read_baseline(plan)
    assert recorded
    with closing(cluster_client(plan)) as cluster:
        now = snapshot_cluster(cluster) | snapshot_machines(plan)
    return diff(recorded, now)


def change(
    command: str, *machine: str, before: list[Difference]
) -> list[Difference]:
    """Change the lab, and see that found; return the differences now."""
    # A command that is refused in part has changed something, too.
    run("lab", "shell", *machine, "-c", command)
    now = before

    def has_changed() -> bool:
        nonlocal now
        now = differences()
        return now != before

    eventually(has_changed)
    return now


def reset() -> str:
    """Reset the lab; return what that printed."""
    done = run("lab", "reset")
    assert done.returncode == 0, done.stderr
    assert not differences()
    return done.stderr


def test_cluster() -> None:
    """Objects and nodes are restored in place."""
    found = differences()
    assert not found
    for command in CLUSTER.values():
        found = change(command, before=found)
    assert "rebuilding" not in reset()


def test_machines() -> None:
    """Settings and files of machines and nodes are restored in place."""
    found = differences()
    for role, command in MACHINES.values():
        found = change(command, role, before=found)
    told = reset()
    assert "rebuilding" not in told
    assert "recreating" not in told


def test_recreated() -> None:
    """What no reset in place restores is gone with its machine."""
    found = differences()
    for role, command in RECREATED.values():
        found = change(command, role, before=found)
    told = reset()
    assert "recreating client, desk" in told
    assert "rebuilding" not in told


@thorough
def test_rebuilt() -> None:
    """A program of a node and a deleted node come back with a new cluster."""
    node = locate(STUDENT).plan.machine_name("worker2")
    change("touch /usr/bin/mine", "worker", before=differences())
    ok("lab", "shell", "-c", f"kubectl delete node {node}")
    assert "rebuilding" in reset()
