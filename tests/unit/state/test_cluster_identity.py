"""Which cluster answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.course.lab import load_lab
from graders.errors import CannotCheck
from graders.kube.client import KubeError
from graders.plan.plan import make_plan
from graders.state import cluster_identity, current, lab_state
from graders.state.cluster_identity import cluster_uid, is_other_cluster
from graders.state.lab_state import State
from tests.kube_api import FakeApi

if TYPE_CHECKING:
    from collections.abc import Callable

PLAN = make_plan()
SPACE = {"metadata": {"name": "kube-system", "uid": "c1"}}


class Api(FakeApi):
    """An API server that can be closed."""

    def close(self) -> None:
        """Close nothing."""


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    """Have an API server with the uid c1."""
    api = Api({cluster_identity._LONGEST_LIVED: [SPACE]})
    monkeypatch.setattr(cluster_identity, "cluster_client", lambda *_: api)
    return api


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    ("uid", "other"), [("c1", False), ("c2", True), ("", False)]
)
def test_other_cluster(
    monkeypatch: pytest.MonkeyPatch, uid: str, *, other: bool
) -> None:
    """A lab of another cluster is not graded, and a reset helps."""
    lab = load_lab("1")
    state = State(lab.id, "no-pool", "ab", 0, cluster=uid)
    monkeypatch.setattr(lab_state, "read", lambda _: state)

    assert is_other_cluster(PLAN, state) is other
    if not other:
        assert current.require_complete(PLAN)[1] == state
        return
    with pytest.raises(CannotCheck, match=r"another one than .*`lab reset`"):
        current.require_complete(PLAN)


def _refuse(*_: object) -> None:
    raise KubeError("no answer")


def _no_namespace(api: Api) -> None:
    api.lists.clear()


@pytest.mark.parametrize(
    "damage", [lambda api: setattr(api, "get", _refuse), _no_namespace]
)
def test_unknown(api: Api, damage: Callable[[Api], object]) -> None:
    """A cluster that does not answer is not taken for another one."""
    damage(api)

    assert not cluster_uid(PLAN)
    assert not is_other_cluster(PLAN, State("lab-1", "x", "ab", 0, "", "c1"))
