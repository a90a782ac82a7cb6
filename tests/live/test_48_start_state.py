"""Each kind of thing that belongs to the start state is found and restored.

One lab is changed in many ways, one after the other. A reset restores most of
them in place, recreates a machine for some, and rebuilds the lab for the rest.
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
}
# On one machine or node.
MACHINES: Final = {
    "address": ("client", "ip address add 10.254.0.1/32 dev lo"),
    "route": ("client", "ip route add blackhole 10.254.0.0/24"),
    "rule": ("router", "ip rule add to 10.254.0.0/24 lookup 100"),
    "table": ("router", "ip route add blackhole 10.254.0.0/24 table 100"),
    "local": ("worker", "ip route add local 10.254.0.1 dev lo"),
    "neighbour": (
        "router",
        "ip neigh add 10.254.0.1 dev eth0 lladdr 2:0:0:0:0:1 nud permanent",
    ),
    "filter": ("client", "iptables -A OUTPUT -d 10.254.0.0/24 -j DROP"),
    "nat": ("router", "iptables -t nat -A PREROUTING -d 10.254.0.1 -j ACCEPT"),
    "mangle": (
        "worker",
        "iptables -t mangle -A INPUT -d 10.254.0.1 -j ACCEPT",
    ),
    "delay": ("router", "tc qdisc add dev eth0 root pfifo limit 10"),
    "clsact": ("client", "tc qdisc add dev eth0 clsact"),
    "forwarding": ("router", "sysctl -w net.ipv4.ip_forward=0"),
    "hash": ("router", "sysctl -w net.ipv4.fib_multipath_hash_policy=0"),
    "arp": ("worker", "sysctl -w net.ipv4.conf.eth0.arp_ignore=2"),
    "frr": ("router", "vtysh -c 'configure terminal' -c 'hostname mine'"),
    "leases": ("dhcp", "rm -rf /lab /lab/*"),
    "dnsmasq": ("dhcp", "echo '# mine' >> /etc/dnsmasq.conf"),
}
# The reset finds these, and rebuilds the lab: minutes each.
REBUILT: Final = {
    "kube-proxy": (
        "kubectl patch configmap kube-proxy -n kube-system"
        ' -p \'{"data": {"mine": "a"}}\''
    ),
    "namespace-label": "kubectl label namespace default mine=a",
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


def change_and_reset(command: str, *machine: str) -> str:
    """Change the lab, see that found, reset it; return what that printed."""
    assert not differences()
    # A command that is refused in part has changed something, too.
    run("lab", "shell", *machine, "-c", command)
    eventually(differences)
    done = run("lab", "reset")
    assert done.returncode == 0, done.stderr
    assert not differences()
    return done.stderr


@pytest.mark.parametrize("name", CLUSTER)
def test_cluster(name: str) -> None:
    """Objects and nodes are restored in place."""
    assert "rebuilding" not in change_and_reset(CLUSTER[name])


@pytest.mark.parametrize("name", MACHINES)
def test_machines(name: str) -> None:
    """Settings of machines are restored in place."""
    role, command = MACHINES[name]
    told = change_and_reset(command, role)
    assert "rebuilding" not in told
    assert "recreating" not in told


@pytest.mark.parametrize("name", REBUILT)
def test_rebuilt(name: str) -> None:
    """What no reset in place restores is gone after all."""
    assert "rebuilding" in change_and_reset(REBUILT[name])
