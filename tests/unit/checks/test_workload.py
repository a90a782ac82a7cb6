"""The probe workload: how it is created, moved and removed."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING, cast

import pytest

from graders.checks import objects
from graders.checks import workload as module
from graders.checks.workload import cordoned, probe_workload
from graders.errors import CannotCheck, CheckFailed
from graders.probes.refusal import Refused
from graders.settings import ROOT

if TYPE_CHECKING:
    from graders.checks.session import Session
    from tests.fakes import FakeCluster, Object
    from tests.lab_model.checks import Judge


NODES = ("metallb-lab-worker", "metallb-lab-worker2")


@pytest.fixture
def lab(judge: Judge) -> Session:
    """Return a session of lab 4."""
    return judge.on("4").session()


def _temporary(lab: Session, kind: str) -> list[Object]:
    cluster = cast("FakeCluster", lab.cluster)
    return [
        item
        for item in cluster.all(kind)
        if any(map(item["metadata"]["name"].startswith, objects._names))
    ]


def _places(lab: Session) -> set[str]:
    """Return the nodes that the temporary Services lead to."""
    return {
        node
        for item in _temporary(lab, "Service")
        for node in lab.cluster.ready_nodes("lab-4", item["metadata"]["name"])
    }


def test_service_like_its_model(lab: Session) -> None:
    """Labels, pool and policy are the model's; it selects no pods."""
    with probe_workload(lab, "lab-4", ("web",), NODES) as probe:
        (made,) = _temporary(lab, "Service")

        assert made["metadata"]["name"] == probe.services["web"]
        assert made["spec"]["externalTrafficPolicy"] == "Local"
        assert made["metadata"]["labels"]["app"] == "web"
        notes = made["metadata"]["annotations"]
        assert notes["metallb.io/address-pool"] == lab.plan.bgp_pool_name
        assert "selector" not in made["spec"]
        assert IPv4Address(probe.vip("web")) in lab.plan.bgp_pool


def test_move_to(lab: Session) -> None:
    """There is a pod on each node, and one of them is selected."""
    with probe_workload(lab, "lab-4", ("web", "web-lan"), NODES) as probe:
        pods = _temporary(lab, "Pod")
        before = _places(lab)
        probe.move_to(NODES[1])

        assert [pod["spec"]["nodeName"] for pod in pods] == [*NODES]
        assert before == {NODES[0]}
        assert _places(lab) == {NODES[1]}


def test_removed_after_an_error(lab: Session) -> None:
    """Pods, Services and EndpointSlices are removed."""
    with (
        pytest.raises(ValueError, match="within"),
        probe_workload(lab, "lab-4", ("web",), NODES),
    ):
        raise ValueError("within")

    kinds = ("Pod", "Service", "EndpointSlice")
    assert [_temporary(lab, kind) for kind in kinds] == [[], [], []]


def test_pods_not_ready(judge: Judge, lab: Session) -> None:
    """That is not the student's failure, if nothing says why."""
    judge.model.adjust = lambda: _keep_waiting(lab)

    with (
        pytest.raises(CannotCheck, match="did not get ready"),
        probe_workload(lab, "lab-4", ("web",), NODES),
    ):
        pass

    assert _temporary(lab, "Pod") == []


def _keep_waiting(lab: Session, **status: object) -> None:
    for pod in _temporary(lab, "Pod"):
        pod["status"] = {"conditions": [], **status}


_NO_PULL = {
    "state": {"waiting": {"reason": "ErrImagePull", "message": "no registry"}}
}


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (
            {"containerStatuses": [_NO_PULL]},
            "not ErrImagePull on metallb-lab-worker: no registry",
        ),
        (
            {"phase": "Failed", "reason": "OutOfcpu", "message": "too much"},
            "not OutOfcpu on metallb-lab-worker: too much",
        ),
    ],
)
def test_rule_keeps_pods(
    judge: Judge, lab: Session, status: Object, says: str
) -> None:
    """A rule of the student's is a failure, with the node's reason."""
    judge.model.adjust = lambda: _keep_waiting(lab, **status)

    with (
        pytest.raises(CheckFailed, match=says),
        probe_workload(lab, "lab-4", ("web",), NODES),
    ):
        pass


def test_node_without_memory(judge: Judge, lab: Session) -> None:
    """A machine that is too small is not the student's failure."""
    pressure = {"type": "MemoryPressure", "status": "True"}
    judge.model.one("Node", NODES[0])["status"]["conditions"] += [pressure]
    failed = {"phase": "Failed", "reason": "Evicted"}
    judge.model.adjust = lambda: _keep_waiting(lab, **failed)

    with (
        pytest.raises(CannotCheck, match="did not get ready"),
        probe_workload(lab, "lab-4", ("web",), NODES),
    ):
        pass


def test_pods_are_deleted(judge: Judge, lab: Session) -> None:
    """A program or taint that deletes them is the student's."""

    def delete() -> None:
        for pod in _temporary(lab, "Pod"):
            judge.model.cluster.remove(pod)

    judge.model.adjust = delete

    with (
        pytest.raises(CheckFailed, match="not deleted on metallb-lab-worker,"),
        probe_workload(lab, "lab-4", ("web",), NODES),
    ):
        pass


def test_kubelet_is_frozen(judge: Judge, lab: Session) -> None:
    """A node whose programs are stopped starts no pod."""
    judge.model.adjust = lambda: _keep_waiting(lab)
    judge.model.processes["worker"] = "Tsl kubelet\nSsl containerd\n"

    with (
        pytest.raises(CheckFailed, match="containerd, not kubelet stopped"),
        probe_workload(lab, "lab-4", ("web",), NODES),
    ):
        pass


def test_like_webs_pods(judge: Judge, lab: Session) -> None:
    """The grader's pods run on nodes that web's pods tolerate."""
    taint = {"key": "site/web-only", "operator": "Exists"}
    deployment = judge.model.one("Deployment", "web")
    deployment["spec"]["template"]["spec"]["tolerations"] = [taint]

    with probe_workload(lab, "lab-4", ("web",), NODES):
        pods = _temporary(lab, "Pod")

        assert [pod["spec"]["tolerations"] for pod in pods] == [[taint]] * 2


def test_model_is_gone(judge: Judge, lab: Session) -> None:
    """Nothing is created."""
    with (
        pytest.raises(CheckFailed, match="expected Service shop in"),
        probe_workload(lab, "lab-4", ("shop",), NODES),
    ):
        pass

    assert {verb for verb, _ in judge.model.cluster.requests} == {"GET"}


def test_slice_is_gone(judge: Judge, lab: Session) -> None:
    """The endpoint cannot be moved."""
    with probe_workload(lab, "lab-4", ("web",), NODES) as probe:
        judge.model.cluster.remove(*_temporary(lab, "EndpointSlice"))

        with pytest.raises(CheckFailed, match="EndpointSlice to stay"):
            probe.move_to(NODES[1])


def test_uncordoned_after_an_error(judge: Judge, lab: Session) -> None:
    """The node takes pods again."""

    def fail() -> None:
        with cordoned(lab, NODES[0]):
            assert judge.model.cordoned() == {NODES[0]}
            raise ValueError("within")

    with pytest.raises(ValueError, match="within"):
        fail()

    assert judge.model.cordoned() == set()


def test_cordon_refused(judge: Judge, lab: Session) -> None:
    """The reason is the student's policy, and all nodes are uncordoned."""
    policy = "ValidatingAdmissionPolicy 'fence' denied request: no cordons"

    def refuse(verb: str, path: str, body: Object) -> str:
        cordons = verb == "PATCH" and body["spec"]["unschedulable"]
        return policy if cordons and path.endswith(NODES[1]) else ""

    judge.model.cluster.admission = refuse

    with (
        pytest.raises(Refused, match=r"let the grader change nodes, not .*no"),
        cordoned(lab, *NODES),
    ):
        pass

    assert judge.model.cordoned() == set()


def test_cordon_node_that_is_gone(judge: Judge, lab: Session) -> None:
    """Only a person deletes a node."""
    judge.model.cluster.remove(judge.model.one("Node", NODES[1]))

    with (
        pytest.raises(CheckFailed, match="not to be deleted"),
        cordoned(lab, NODES[1]),
    ):
        pass


def test_image_version() -> None:
    """It is the one that the images playbook loads onto nodes."""
    versions = (ROOT / "ansible/group_vars/all.yml").read_text()

    assert f"agnhost: {module.IMAGE.rpartition(':')[2]}\n" in versions
