"""The recorded start state of a lab, and what differs from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.providers.machine import Machine, Output
from graders.state.baseline import (
    CLUSTER,
    Baseline,
    Difference,
    damaged_machines,
    diff,
    only_recorded,
    snapshot_cluster,
    snapshot_machines,
    workloads_are_ready,
)
from graders.state.start_state import READINGS
from tests.kube_api import FakeApi, node

if TYPE_CHECKING:
    from collections.abc import Callable

PLAN = make_plan()
TEXTS = st.text("ab\n", max_size=12)
PLACES = [(machine, what) for machine in ("", "router") for what in "xy"]
BASELINES = st.dictionaries(
    st.sampled_from(["", "router"]),
    st.dictionaries(st.sampled_from("xy"), TEXTS),
)
# What a router prints, by reading; a veth is a pod's, its number is docker's.
OUTPUT = {
    "interfaces": """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode
2: gre0@NONE: <NOARP> mtu 1476 qdisc noop state DOWN mode DEFAULT
5: eth0@if6: <BROADCAST,UP,LOWER_UP> mtu 1500 link/ether 02:42:ac:12:00:02
8: veth1234@if2: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP
""",
    "addresses": """\
7: eth1    inet 10.90.0.2/24 brd 10.90.0.255 scope global eth1\\  valid_lft 9
5: eth0    inet 172.18.0.2/16 scope global eth0\\    valid_lft forever
8: veth1234    inet 10.244.0.1/32 scope global veth1234
""",
    "routes": """\
172.18.0.0/16 dev eth0 proto kernel scope link src 172.18.0.2
10.244.0.2 dev veth1234 scope host
10.244.1.0/24 via 172.18.1.3 dev eth0
""",
    "policy routing": "0:\tfrom all lookup local\n",
    "neighbours": "172.18.0.9 dev eth0 lladdr 02:42:ac:12:00:09 PERMANENT\n",
    "packet filter": """\
*nat
:PREROUTING ACCEPT [0:0]
:DOCKER_OUTPUT - [0:0]
-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT
COMMIT
*filter
:FORWARD DROP [12:3456]
-A INPUT -p tcp -j DROP
-A FORWARD -m comment --comment "kubernetes" -j KUBE-FORWARD
-A KUBE-FORWARD -j ACCEPT
:MINE - [0:0]
-A MINE -j DROP
COMMIT
*filter
:INPUT ACCEPT
-A INPUT -j DROP
""",
    "traffic control": """\
qdisc noqueue 0: root refcnt 2
qdisc netem 8001: root refcnt 2 limit 1000 delay 100ms
""",
    "kernel settings": """\
/proc/sys/net/ipv4/ip_forward:1
/proc/sys/net/ipv4/conf/veth1234/arp_ignore:0
/proc/sys/net/ipv4/conf/all/route_localnet:1
""",
    "files": "644  /etc/frr/daemons\n7 30 /etc/frr/daemons\n",
    "configuration": "Building configuration...\nrouter bgp 64501\n",
    "leases": "02:42:ac:12:00:05 172.18.100.151 desk\n",
}
SETTINGS = {
    "interfaces": "eth0 BROADCAST,UP mtu 1500\nlo LOOPBACK,UP mtu 65536",
    "addresses": "eth0    inet 172.18.0.2/16 scope global eth0\\\n"
    "eth1    inet 10.90.0.2/24 brd 10.90.0.255 scope global eth1\\",
    "routes": "172.18.0.0/16 dev eth0 proto kernel scope link src 172.18.0.2",
    "policy routing": "0:\tfrom all lookup local",
    "neighbours": "172.18.0.9 dev eth0 lladdr 02:42:ac:12:00:09 PERMANENT",
    "packet filter": "filter -A INPUT -j DROP\n"
    "filter -A INPUT -p tcp -j DROP\nfilter -A MINE -j DROP\n"
    "filter FORWARD DROP\nfilter MINE -",
    "traffic control": "qdisc netem 8001: root limit 1000 delay 100ms",
    "kernel settings": "net/ipv4/ip_forward:1",
    "files": "644  /etc/frr/daemons\n7 30 /etc/frr/daemons",
    "configuration": "Building configuration...\nrouter bgp 64501",
}


def _printed(output: dict[str, str]) -> str:
    return "=-=-=\n".join(output.get(row.name, "") for row in READINGS)


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
NAMESPACE = {
    "metadata": {"name": "lab-1"},
    "status": {"phase": "Active"},
}


def _of(**lists: list[dict[str, Any]]) -> dict[str, str]:
    """Return what is recorded of a cluster with these lists."""
    paths = {
        "deployments": "/apis/apps/v1/deployments",
        "daemonsets": "/apis/apps/v1/daemonsets",
        "endpointslices": "/apis/discovery.k8s.io/v1/endpointslices",
        "jobs": "/apis/batch/v1/jobs",
        "leases": "/apis/coordination.k8s.io/v1/leases",
        "widgets": "/apis/example.org/v1/widgets",
    }
    api = FakeApi(
        {paths.get(name, f"/api/v1/{name}"): it for name, it in lists.items()}
    )
    api.lists["/api/v1/namespaces"] += [NAMESPACE]
    (recorded,) = snapshot_cluster(api).values()
    return {
        place: text
        for place, text in recorded.items()
        if place not in {"nodes lab-worker", "namespaces lab-1"}
    }


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Let machines print this, by role, and else what a router prints."""
    words: dict[str, str] = {}

    def run(self: Machine, *argv: str) -> Output:
        out = words.get(self.role, _printed(OUTPUT))
        return Output(" ".join(argv), 0, out, "")

    monkeypatch.setattr(Machine, "run", run)
    return words


@given(BASELINES)
def test_nothing_differs_from_itself(one: Baseline) -> None:
    """Two equal states have no differences."""
    assert diff(one, dict(one)) == []


@given(BASELINES, BASELINES)
def test_each_place_that_differs_is_a_difference(
    one: Baseline, other: Baseline
) -> None:
    """It has machine, place and both texts; its line names them."""
    assert diff(one, other) == [
        Difference(machine, what, before, after)
        for machine, what in PLACES
        for before in (one.get(machine, {}).get(what),)
        for after in (other.get(machine, {}).get(what),)
        if before != after
    ]
    for difference in diff(one, other):
        line = str(difference)
        assert f"{difference.machine} {difference.what}".strip() in line
        assert "\n" not in line
        expected, _, actual = line.partition(", not ")
        assert expected.partition("expected ")[2] != actual or not actual


def test_what_an_earlier_version_did_not_read() -> None:
    """It is no difference, and what it did read is."""
    recorded = {"router": {"routes": "a"}, "client": {"files": "b"}}
    now = {"router": {"routes": "c", "hosts file": "d"}, "client": {}}

    kept = only_recorded(now, recorded)

    assert kept == {"router": {"routes": "c"}, "client": {}}
    assert len(diff(recorded, kept)) == 2


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
    assert str(Difference("router", "p", before, after)).startswith(
        f"router p: {line}"
    )


def test_missing_and_unexpected() -> None:
    """What is there in one state only is named."""
    found = diff({CLUSTER: {"services a": ""}}, {CLUSTER: {"services b": ""}})

    assert [str(difference) for difference in found] == [
        "missing services a",
        "unexpected services b",
    ]


@pytest.mark.usefixtures("said")
def test_settings() -> None:
    """A machine's output is split, sorted and stripped of what changes."""
    found = snapshot_machines(PLAN)["router"]

    assert {name: text for name, text in found.items() if text} == SETTINGS


def test_a_machine_without_settings(said: dict[str, str]) -> None:
    """A machine without routes or neighbours is no problem."""
    said["dhcp"] = _printed({})

    assert set(snapshot_machines(PLAN)["dhcp"].values()) == {""}


@pytest.mark.parametrize("out", ["", "5: eth0    inet 1\n=-=-=\n"])
def test_a_machine_that_stops(said: dict[str, str], out: str) -> None:
    """The error says which machine, as text and as a value."""
    said["desk"] = out

    with pytest.raises(CannotCheck, match=r"desk stopped .* `lab up`") as got:
        snapshot_machines(PLAN)

    assert got.value.machine == "desk"


def test_machines_with_other_programs(said: dict[str, str]) -> None:
    """One that lost its shell, or what it is listed with, is damaged."""
    said |= {"client": "1 2\n", "desk": "", "router": "3 4\n", "worker": "5"}
    recorded: Baseline = {
        "client": {"programs": "1 2", "routes": "other"},
        "desk": {"programs": "1 2"},
        "router": {"programs": "1 2"},
        # An earlier version of the kit recorded less.
        "worker": {},
        CLUSTER: {"services lab-1/web": "x"},
    }

    assert damaged_machines(PLAN, recorded) == {"desk", "router"}


@pytest.mark.usefixtures("said")
def test_what_changes_by_itself_is_not_compared() -> None:
    """What only some machines have is asked of no other."""
    found = snapshot_machines(PLAN)

    assert "addresses" not in found["desk"]
    assert "routes of BGP" not in found["router"]
    assert "routes of BGP" in found["worker"]
    assert "addresses" in found["worker"]
    assert {it for it in found if "configuration" in found[it]} == {
        "router",
        "dhcp",
    }
    assert [it for it in found if "leases" in found[it]] == ["dhcp"]


def test_what_the_cluster_fills_in_does_not_matter() -> None:
    """The same Service created again is the same."""
    again = WEB | {
        "metadata": WEB["metadata"] | {"uid": "77", "resourceVersion": "99"},
        "spec": WEB["spec"]
        | {"clusterIP": "10.96.9.9", "ports": [{"port": 80, "nodePort": 3}]},
    }
    again["metadata"]["annotations"] = {
        "metallb.io/loadBalancerIPs": "172.18.255.210"
    }

    assert _of(services=[again]) == _of(services=[WEB])


def test_a_job_that_was_created_again_is_the_same() -> None:
    """Its controller's uid is in its selector and in its pod template."""

    def job(uid: str) -> dict[str, Any]:
        labels = {
            "app": "web",
            "controller-uid": uid,
            "batch.kubernetes.io/controller-uid": uid,
        }
        return {
            "metadata": {"name": "web", "namespace": "lab-1", "uid": uid},
            "spec": {"template": {"metadata": {"labels": labels}}},
        }

    assert _of(jobs=[job("1")]) == _of(jobs=[job("2")])


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
    before = {CLUSTER: _of(services=[WEB])}
    after = {CLUSTER: _of(services=[WEB | change])}

    (found,) = diff(before, after)
    assert str(found).startswith("services lab-1/web: expected ")
    assert line in str(found)


def test_a_restarted_workload_is_the_same() -> None:
    """`kubectl rollout restart` leaves an annotation, and no difference."""
    meta = {"name": "speaker", "namespace": "lab-1"}
    note = {"kubectl.kubernetes.io/restartedAt": "2026-11-23T05:51:00Z"}
    before = {"metadata": {"labels": {"app": "speaker"}}, "spec": {}}
    after = {"metadata": before["metadata"] | {"annotations": note}}

    assert _of(
        daemonsets=[{"metadata": meta, "spec": {"template": before}}]
    ) == _of(
        daemonsets=[{"metadata": meta, "spec": {"template": before | after}}]
    )


def test_config_maps_and_readiness_matter() -> None:
    """A ConfigMap's data and how many pods are ready are compared."""
    meta = {"name": "x", "namespace": "lab-1"}
    config = {"metadata": meta, "data": {"key": "value"}}
    one = {"metadata": meta, "spec": {}, "status": {"readyReplicas": 1}}
    daemons = {"metadata": meta, "spec": {}, "status": {"numberReady": 3}}

    found = _of(configmaps=[config], deployments=[one], daemonsets=[daemons])

    assert '"ready": 1' in found["deployments.apps lab-1/x"]
    assert '"ready": 3' in found["daemonsets.apps lab-1/x"]
    assert '"key": "value"' in found["configmaps lab-1/x"]


def test_secret_objects_and_the_clusters_own() -> None:
    """They are recorded by their digests, which differ."""
    meta = {"name": "x", "namespace": "lab-1"}
    system = {"name": "x", "namespace": "kube-system"}
    space = {
        "metadata": {"name": "kube-system"},
        "status": {"phase": "Active"},
    }
    digests = {
        text: _of(
            namespaces=[space],
            configmaps=[{"metadata": system, "data": {"a": text}}],
            secrets=[{"metadata": meta, "data": {"a": text}}],
        )
        for text in "xy"
    }

    for place in ("configmaps kube-system/x", "secrets lab-1/x"):
        assert digests["x"][place] != digests["y"][place]
        assert len(digests["x"][place]) == 64


@pytest.mark.parametrize(
    ("kind", "meta"),
    [
        ("configmaps", {"name": "kube-root-ca.crt", "namespace": "lab-1"}),
        ("pods", {"name": "x", "ownerReferences": [{"controller": True}]}),
        ("pods", {"name": "x", "deletionTimestamp": "now"}),
        ("pods", {"name": "x", "namespace": "terminating"}),
        ("leases", {"name": "x"}),
        (
            "endpointslices",
            {
                "name": "x",
                "labels": {
                    "endpointslice.kubernetes.io/managed-by": (
                        "endpointslice-controller.k8s.io"
                    )
                },
            },
        ),
    ],
)
def test_what_the_cluster_keeps_is_left_out(
    kind: str, meta: dict[str, Any]
) -> None:
    """Objects of controllers, and those that are going, are not compared."""
    item = {"metadata": {"namespace": "lab-1"} | meta}

    assert _of(**{kind: [item]}) == {}


def test_namespaces() -> None:
    """One that is being deleted is none."""
    api = FakeApi({"/api/v1/namespaces": [NAMESPACE]})
    going = {"metadata": {"name": "x"}, "status": {"phase": "Terminating"}}
    api.lists["/api/v1/namespaces"] += [going]

    assert "namespaces lab-1" in snapshot_cluster(api)[CLUSTER]
    assert "namespaces x" not in snapshot_cluster(api)[CLUSTER]


@pytest.mark.parametrize(
    ("namespace", "available", "ready"),
    [
        ("metallb-system", 1, True),
        ("metallb-system", 0, False),
        ("kube-system", 0, True),
    ],
)
def test_workloads_that_are_not_ready(
    namespace: str, available: int, *, ready: bool
) -> None:
    """A speaker that starts again counts, the cluster's own pods do not."""
    speakers = {
        "metadata": {"namespace": namespace, "name": "x", "generation": 1},
        "status": {
            "observedGeneration": 1,
            "desiredNumberScheduled": 1,
            "updatedNumberScheduled": 1,
            "numberAvailable": available,
        },
    }
    api = FakeApi({"/apis/apps/v1/daemonsets": [speakers]})

    assert workloads_are_ready(api) is ready


def _cordon(it: dict[str, Any]) -> None:
    it["spec"]["unschedulable"] = True


def _taint(it: dict[str, Any]) -> None:
    it["spec"]["taints"] = [{"key": "x"}]


def _label(it: dict[str, Any]) -> None:
    it["metadata"]["labels"]["rack"] = "a"


def _annotate(it: dict[str, Any]) -> None:
    it["metadata"]["annotations"] = {"mine": "a"}


@pytest.mark.parametrize("change", [_cordon, _taint, _label, _annotate])
def test_nodes(change: Callable[[dict[str, Any]], None]) -> None:
    """A cordon, a taint, a label and an annotation of a node are compared."""
    api = FakeApi({"/api/v1/nodes": [node()]})
    before = snapshot_cluster(api)
    change(api.lists["/api/v1/nodes"][0])

    (found,) = diff(before, snapshot_cluster(api))

    assert (found.machine, found.what) == (CLUSTER, "nodes lab-worker")
