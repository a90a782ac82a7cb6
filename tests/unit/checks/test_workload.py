"""The probe workload: how it is created, moved and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from graders.checks import workload as module
from graders.checks.workload import cordoned, probe_workload
from graders.errors import CannotCheck
from graders.polling import WAITS, Wait
from graders.providers.machine import Output
from graders.settings import ROOT

if TYPE_CHECKING:
    from graders.checks.session import Session


NODES = ("lab-worker", "lab-worker2")


def _model(name: str) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "namespace": "lab-4",
            "labels": {"app": "web"},
            "annotations": {"metallb.io/ip-allocated-from-pool": "blue"},
        },
        "spec": {"externalTrafficPolicy": "Local", "selector": {"app": "web"}},
    }


class Fake:
    """A session, its cluster and its machines in one."""

    def __init__(self, *, ready: str = "True", code: int = 0) -> None:
        """Start with two Services."""
        self.cluster = self
        self.ready, self.code = ready, code
        self.there = {name: _model(name) for name in ("web", "web-lan")}
        self.pods: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, str]] = []
        self.typed: list[tuple[str, ...]] = []

    def service(self, name: str, _: str) -> dict[str, Any] | None:
        """Return a Service."""
        return self.there.get(name)

    def vip(self, name: str, _: str) -> str:
        """Return an address for any Service that exists."""
        return "10.0.0.1" if name in self.there else ""

    def get(self, path: str) -> dict[str, Any] | None:
        """Return a Service by its path."""
        return self.there.get(path.rsplit("/", 1)[1])

    def items(self, _: str) -> list[dict[str, Any]]:
        """Return the pods, ready or not."""
        condition = {"type": "Ready", "status": self.ready}
        return [{"status": {"conditions": [condition]}} for _ in self.pods]

    def ask(
        self, verb: str, path: str, body: dict[str, Any] | None = None
    ) -> None:
        """Create, replace or delete an object."""
        self.asked.append((verb, path))
        if verb == "DELETE":
            name = path.rsplit("/", 1)[1].split("?", maxsplit=1)[0]
            self.there.pop(name, None)
            self.pods.pop(name, None)
            return
        assert body
        kept = self.pods if body["kind"] == "Pod" else self.there
        kept[body["metadata"]["name"]] = body
        body["metadata"].setdefault("resourceVersion", "1")

    def machine(self, role: str) -> Fake:
        """Return a machine."""
        assert role == "control-plane"
        return self

    def run(self, *argv: str) -> Output:
        """Record a command."""
        self.typed.append(argv[3:])
        return Output("kubectl", self.code, "", "refused")


@pytest.fixture
def fake() -> Fake:
    """Return a session with ready pods."""
    return Fake()


def _session(fake: Fake) -> Session:
    return cast("Session", fake)


def _selectors(fake: Fake) -> list[dict[str, str]]:
    return [
        service["spec"]["selector"]
        for name, service in fake.there.items()
        if name.startswith("grader-")
    ]


def test_service_like_its_model(fake: Fake) -> None:
    """Labels, pool and policy are the model's; the selector is not."""
    with probe_workload(_session(fake), "lab-4", ("web",), NODES) as probe:
        made = fake.there[probe.services["web"]]

        assert made["spec"]["externalTrafficPolicy"] == "Local"
        assert made["metadata"]["labels"]["app"] == "web"
        assert made["metadata"]["annotations"] == {
            "metallb.io/address-pool": "blue"
        }
        assert made["spec"]["selector"]["app"] == probe.name
        assert probe.vip("web") == "10.0.0.1"


def test_move_to(fake: Fake) -> None:
    """There is a pod on each node, and one of them is selected."""
    with probe_workload(
        _session(fake), "lab-4", ("web", "web-lan"), NODES
    ) as probe:
        places = [pod["spec"]["nodeName"] for pod in fake.pods.values()]
        before = _selectors(fake)
        probe.move_to(NODES[1])

        assert places == [*NODES]
        assert {one["grader-place"] for one in before} == {NODES[0]}
        assert {one["grader-place"] for one in _selectors(fake)} == {NODES[1]}


def test_removed_after_an_error(fake: Fake) -> None:
    """Pods and Services are removed."""
    with (
        pytest.raises(ValueError, match="within"),
        probe_workload(_session(fake), "lab-4", ("web",), NODES),
    ):
        raise ValueError("within")

    assert sorted(fake.there) == ["web", "web-lan"]
    assert fake.pods == {}


def test_pods_not_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That is not the student's failure."""
    monkeypatch.setitem(WAITS, "probe-pods", Wait(0, "a test"))
    fake = Fake(ready="False")

    with (
        pytest.raises(CannotCheck, match="did not get ready"),
        probe_workload(_session(fake), "lab-4", ("web",), NODES),
    ):
        pass

    assert fake.pods == {}


def test_model_is_gone(fake: Fake) -> None:
    """Nothing is created."""
    with (
        pytest.raises(CannotCheck, match="Service shop is gone"),
        probe_workload(_session(fake), "lab-4", ("shop",), NODES),
    ):
        pass

    assert fake.asked == []


def test_service_is_gone(fake: Fake) -> None:
    """The endpoint cannot be moved."""
    with probe_workload(_session(fake), "lab-4", ("web",), NODES) as probe:
        fake.there.pop(probe.services["web"])

        with pytest.raises(CannotCheck, match="is gone"):
            probe.move_to(NODES[1])


def test_uncordoned_after_an_error(fake: Fake) -> None:
    """The node takes pods again."""
    with (
        pytest.raises(ValueError, match="within"),
        cordoned(_session(fake), NODES[0]),
    ):
        raise ValueError("within")

    assert fake.typed == [("cordon", NODES[0]), ("uncordon", NODES[0])]


def test_cordon_refused() -> None:
    """It is not the student's failure, and all nodes are uncordoned."""
    fake = Fake(code=1)

    with (
        pytest.raises(CannotCheck, match="could not cordon"),
        cordoned(_session(fake), *NODES),
    ):
        pass

    assert fake.typed == [("cordon", *NODES), ("uncordon", *NODES)]


def test_image_version() -> None:
    """It is the one that the images playbook loads onto nodes."""
    versions = (ROOT / "ansible/group_vars/all.yml").read_text()

    assert f"agnhost: {module.IMAGE.rpartition(':')[2]}\n" in versions
