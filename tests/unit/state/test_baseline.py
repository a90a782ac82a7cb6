"""The start state of a lab: what belongs to it, and what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.providers.machine import Machine, Output
from graders.state import baseline
from graders.state.baseline import diff, snapshot_cluster, snapshot_machines

if TYPE_CHECKING:
    from graders.probes.cluster import Cluster

PLAN = make_plan()
TEXTS = st.text("ab\n", max_size=12)
BASELINES = st.dictionaries(st.sampled_from(["a x", "b x", "c x"]), TEXTS)
# What a router says; the veth is a pod's, its number is docker's.
SAID = """\
7: eth1    inet 10.90.0.2/24 brd 10.90.0.255 scope global eth1\\  valid_lft 9
5: eth0    inet 172.18.0.2/16 scope global eth0\\    valid_lft forever
8: veth1234    inet 10.244.0.1/32 scope global veth1234
=-=-=
172.18.0.0/16 dev eth0 proto kernel scope link src 172.18.0.2
10.244.0.2 dev veth1234 scope host
=-=-=
172.18.0.9 dev eth0 lladdr 02:42:ac:12:00:09 PERMANENT
=-=-=
-P INPUT ACCEPT
=-=-=
net.ipv4.fib_multipath_hash_policy = 1
=-=-=
Building configuration...
router bgp 64501
=-=-=
02:42:ac:12:00:05 172.18.100.151 desk
"""
WEB: dict[str, Any] = {
    "metadata": {
        "name": "web",
        "namespace": "lab-1",
        "uid": "5c9b",
        "resourceVersion": "17",
        "annotations": {
            "metallb.io/loadBalancerIPs": "172.18.255.210",
            "metallb.io/ip-allocated-from-pool": "kind-pool",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
        },
    },
    "spec": {
        "type": "LoadBalancer",
        "clusterIP": "10.96.1.2",
        "ports": [{"port": 80, "nodePort": 30123}],
    },
    "status": {"loadBalancer": {"ingress": [{"ip": "172.18.255.210"}]}},
}
NODE: dict[str, Any] = {
    "metadata": {"name": "worker", "labels": {"a": "b"}},
    "spec": {"podCIDR": "10.244.1.0/24"},
}


class FakeCluster:
    """A cluster with these objects and no others."""

    def __init__(self, **objects: list[dict[str, Any]]) -> None:
        """Keep objects by the last word of their path."""
        self._objects = objects

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return the objects at `path`."""
        return self._objects.get(path.rsplit("/", 1)[1], [])


def _collect(cluster: object) -> baseline.Baseline:
    return snapshot_machines(PLAN) | snapshot_cluster(cluster)  # type: ignore[arg-type] # all it needs


def _space(name: str, phase: str = "Active") -> dict[str, Any]:
    return {"metadata": {"name": name}, "status": {"phase": phase}}


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Let machines say this, by role, and else what a router says."""
    words: dict[str, str] = {}

    def run(self: Machine, *argv: str) -> Output:
        out = words.get(self.role, SAID)
        return Output(" ".join(argv), 0, out, "")

    monkeypatch.setattr(Machine, "run", run)
    return words


def _of(cluster: FakeCluster) -> baseline.Baseline:
    """Return what is kept of a cluster."""
    asked: Cluster = cluster  # type: ignore[assignment] # all it needs
    return baseline.snapshot_cluster(asked)


@given(BASELINES)
def test_nothing_differs_from_itself(one: dict[str, str]) -> None:
    """Two equal states have no differences."""
    assert diff(one, dict(one)) == []


@given(BASELINES, BASELINES)
def test_each_place_that_differs_is_a_line(
    one: dict[str, str], other: dict[str, str]
) -> None:
    """Each has one line, which begins with it and says two things."""
    lines = diff(one, other)

    places = [
        place
        for place in sorted(one.keys() | other.keys())
        if one.get(place) != other.get(place)
    ]
    assert [line.partition(":")[0] for line in lines] == places
    for line in lines:
        was, _, now = line.partition(": expected ")[2].partition(", not ")
        assert was != now


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("a\nb", "a\nc", "expected b, not c"),
        ("a\nb", "a", "expected b, not nothing"),
        ("a", "a\n  b", "expected nothing, not b"),
        ("a\na", "a", "expected a, not nothing"),
        ("a\nb", "b\na", "expected its lines as recorded, not in another"),
        ("x" * 99, "", f"expected {'x' * 80}, not nothing"),
    ],
)
def test_first_difference(before: str, after: str, line: str) -> None:
    """A line says what was there and what is there now, in short."""
    (found,) = diff({"p": before}, {"p": after})

    assert found.startswith(f"p: {line}")


def test_gone_and_come() -> None:
    """What is there in one state only is named."""
    assert diff({"a": ""}, {"b": ""}) == [
        "a: expected it to be there, not gone",
        "b: expected none, not one",
    ]


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (
            "12: eth0    inet 172.18.0.2/16 eth0\\       valid_lft forever",
            "eth0    inet 172.18.0.2/16 eth0\\",
        ),
        (
            "default via 172.18.0.1 dev eth0 ",
            "default via 172.18.0.1 dev eth0",
        ),
        (
            " neighbor 172.18.1.2 remote-as 1",
            " neighbor 172.18.1.2 remote-as 1",
        ),
    ],
)
def test_steady(line: str, kept: str) -> None:
    """An interface's number and a lifetime go; all else stays."""
    assert baseline._steady(line) == kept


@pytest.mark.usefixtures("said")
def test_look() -> None:
    """A machine's words come apart, sorted and without pods."""
    assert baseline._look(PLAN, "router") == {
        "addresses": "eth0    inet 172.18.0.2/16 scope global eth0\\\n"
        "eth1    inet 10.90.0.2/24 brd 10.90.0.255 scope global eth1\\",
        "routes": "172.18.0.0/16 dev eth0 proto kernel scope link"
        " src 172.18.0.2",
        "neighbours": "172.18.0.9 dev eth0 lladdr 02:42:ac:12:00:09 PERMANENT",
        "rules": "-P INPUT ACCEPT",
        "kernel": "net.ipv4.fib_multipath_hash_policy = 1",
        "configuration": "Building configuration...\nrouter bgp 64501",
        "leases": "02:42:ac:12:00:05 172.18.100.151 desk",
    }


def test_look_at_one_that_says_nothing(said: dict[str, str]) -> None:
    """A machine without routes or neighbours is no trouble."""
    said["dhcp"] = "=-=-=\n" * 6

    assert set(baseline._look(PLAN, "dhcp").values()) == {""}


@pytest.mark.parametrize("out", ["", "5: eth0    inet 1\n=-=-=\n"])
def test_look_at_one_that_stops(said: dict[str, str], out: str) -> None:
    """A machine that stops while it talks could not be looked at."""
    said["desk"] = out

    with pytest.raises(CannotCheck, match=r"desk stopped .* `lab up`"):
        _collect(FakeCluster())


@pytest.mark.usefixtures("said")
def test_what_comes_and_goes_is_not_compared() -> None:
    """What one machine alone has is asked of no other."""
    found = _collect(FakeCluster())

    assert "desk addresses" not in found
    assert "worker routes" not in found
    assert "desk routes" in found
    assert "worker addresses" in found
    assert {place for place in found if "configuration" in place} == {
        "router configuration",
        "dhcp configuration",
    }
    assert [place for place in found if "leases" in place] == ["dhcp leases"]


def test_what_the_cluster_fills_in_does_not_matter() -> None:
    """The same Service made anew is the same."""
    anew = WEB | {
        "metadata": WEB["metadata"] | {"uid": "77", "resourceVersion": "99"},
        "spec": WEB["spec"]
        | {"clusterIP": "10.96.9.9", "ports": [{"port": 80, "nodePort": 3}]},
    }
    anew["metadata"]["annotations"] = {
        "metallb.io/loadBalancerIPs": "172.18.255.210"
    }

    assert _of(FakeCluster(services=[anew])) == _of(
        FakeCluster(services=[WEB])
    )


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"spec": WEB["spec"] | {"type": "NodePort"}}, "LoadBalancer"),
        ({"status": {"loadBalancer": {}}}, '"vip": '),
        ({"status": {}}, '"vip": '),
        ({"metadata": WEB["metadata"] | {"annotations": {}}}, "annotations"),
        ({"metadata": WEB["metadata"] | {"labels": {"a": "b"}}}, "labels"),
    ],
)
def test_what_a_student_changes_matters(
    change: dict[str, Any], line: str
) -> None:
    """A changed spec, address, annotation or label is a difference."""
    before = _of(FakeCluster(services=[WEB]))
    after = _of(FakeCluster(services=[WEB | change]))

    (found,) = diff(before, after)
    assert found.startswith("services lab-1/web: expected ")
    assert line in found


def test_a_restarted_workload_is_the_same() -> None:
    """`kubectl rollout restart` leaves a note, and no difference."""
    meta = {"name": "speaker", "namespace": "metallb-system"}
    note = {"kubectl.kubernetes.io/restartedAt": "2026-11-23T05:51:00Z"}
    before = {"metadata": {"labels": {"app": "speaker"}}, "spec": {}}
    after = {"metadata": before["metadata"] | {"annotations": note}}

    assert _of(
        FakeCluster(daemonsets=[{"metadata": meta, "spec": before}])
    ) == _of(
        FakeCluster(daemonsets=[{"metadata": meta, "spec": before | after}])
    )


def test_config_maps_and_readiness_matter() -> None:
    """A ConfigMap's data and how many pods are ready are compared."""
    meta = {"name": "x", "namespace": "lab-1"}
    config = {"metadata": meta, "data": {"clusterIP": "kept at the top"}}
    one = {"metadata": meta, "spec": {}, "status": {"readyReplicas": 1}}
    daemons = {"metadata": meta, "spec": {}, "status": {"numberReady": 3}}

    found = _of(
        FakeCluster(
            configmaps=[config], deployments=[one], daemonsets=[daemons]
        )
    )

    assert '"ready": 1' in found["deployments lab-1/x"]
    assert '"ready": 3' in found["daemonsets lab-1/x"]
    assert "configmaps lab-1/x" in found


def test_the_cluster_s_own_is_left_out() -> None:
    """System namespaces, and what every namespace has, belong to no lab."""
    meta = {"name": "kube-root-ca.crt", "namespace": "lab-1"}
    system = {"name": "coredns", "namespace": "kube-system"}
    root, dns = ({"metadata": one, "data": {}} for one in (meta, system))

    found = _of(
        FakeCluster(
            configmaps=[root, dns],
            namespaces=[_space("lab-1"), _space("x", "Terminating")],
        )
    )

    assert found == {"namespace lab-1": ""}


def test_nodes() -> None:
    """A cordon, a taint and a label of a node are compared."""
    spec = {"unschedulable": True, "taints": [{"key": "x"}]}
    labels = {"metadata": NODE["metadata"] | {"labels": {}}}
    before = _of(FakeCluster(nodes=[NODE]))

    for change in ({"spec": spec}, labels):
        after = _of(FakeCluster(nodes=[NODE | change]))
        (found,) = diff(before, after)
        assert found.startswith("node worker: ")
