"""The probe workload: how it is created, moved and removed."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING, cast

import pytest

from graders.checks import objects
from graders.checks import workload as module
from graders.checks.workload import cordoned, probe_workload
from graders.errors import CannotCheck
from graders.providers.machine import Output
from graders.settings import ROOT

if TYPE_CHECKING:
    from graders.checks.session import Session
    from tests.fakes import FakeCluster, Object
    from tests.lab_model.checks import Judge


NODES = ("metallb-lab-worker", "metallb-lab-worker2")
_KUBECTL = "control-plane: kubectl --kubeconfig /etc/kubernetes/admin.conf"


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
    """That is not the student's failure."""

    def keep_waiting() -> None:
        for pod in _temporary(lab, "Pod"):
            pod["status"]["conditions"] = []

    judge.model.adjust = keep_waiting

    with (
        pytest.raises(CannotCheck, match="did not get ready"),
        probe_workload(lab, "lab-4", ("web",), NODES),
    ):
        pass

    assert _temporary(lab, "Pod") == []


def test_model_is_gone(judge: Judge, lab: Session) -> None:
    """Nothing is created."""
    with (
        pytest.raises(CannotCheck, match="Service shop is gone"),
        probe_workload(lab, "lab-4", ("shop",), NODES),
    ):
        pass

    assert {verb for verb, _ in judge.model.cluster.requests} == {"GET"}


def test_slice_is_gone(judge: Judge, lab: Session) -> None:
    """The endpoint cannot be moved."""
    with probe_workload(lab, "lab-4", ("web",), NODES) as probe:
        judge.model.cluster.remove(*_temporary(lab, "EndpointSlice"))

        with pytest.raises(CannotCheck, match="is gone"):
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
    """It is not the student's failure, and all nodes are uncordoned."""
    refused = Output("kubectl", 1, "", "refused")
    judge.model.answers[f"{_KUBECTL} cordon {' '.join(NODES)}"] = refused
    judge.model.one("Node", NODES[0])["spec"]["unschedulable"] = True

    with (
        pytest.raises(CannotCheck, match="could not cordon"),
        cordoned(lab, *NODES),
    ):
        pass

    assert judge.model.cordoned() == set()


def test_image_version() -> None:
    """It is the one that the images playbook loads onto nodes."""
    versions = (ROOT / "ansible/group_vars/all.yml").read_text()

    assert f"agnhost: {module.IMAGE.rpartition(':')[2]}\n" in versions
