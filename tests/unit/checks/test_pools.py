"""Fences around the ingress pool, told apart by who is served."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import pytest

from graders.checks.check import CheckFailed
from graders.checks.pools import expect_pool_restricted
from graders.plan.plan import make_plan
from graders.polling import WAITS, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graders.checks.session import Session

    Fence: TypeAlias = Callable[[str, dict[str, str]], bool]

PLAN = make_plan()
POOL = PLAN.ingress_pool_name
GATEWAY = {"app": "gateway"}


class Fake:
    """A session and its cluster, in which `fence` says who is served."""

    def __init__(self, fence: Fence) -> None:
        """Begin with the gateway alone."""
        self.cluster, self.plan, self.fence = self, PLAN, fence
        self.there: dict[str, dict[str, Any]] = {}

    def service(self, name: str, space: str) -> dict[str, Any]:
        """Return the gateway, the only Service that is asked for."""
        assert (name, space) == ("gateway", "ingress")
        return {"metadata": {"labels": GATEWAY}}

    def ask(
        self, verb: str, path: str, body: dict[str, Any] | None = None
    ) -> None:
        """Make or remove an object."""
        if verb == "DELETE":
            del self.there[path]
            return
        assert body
        self.there[f"{path}/{body['metadata']['name']}"] = body

    def vip(self, name: str, space: str) -> str:
        """Return what the fence lets a Service have."""
        if name == "like-blue":
            return str(PLAN.pool_last)
        path = f"/api/v1/namespaces/{space}/services/{name}"
        labels = self.there[path]["metadata"]["labels"]
        served = self.fence(space, labels)
        return str(PLAN.ingress_last) if served else ""

    def events(self, _: str, __: str) -> str:
        """Say what is said of whoever has no VIP."""
        return "AllocationFailed: pool not compatible"

    @contextlib.contextmanager
    def like(self, name: str, *_: str) -> Iterator[str]:
        """Have a Service without a wish."""
        yield f"like-{name}"


def _fence(fence: Fence) -> Fake:
    fake = Fake(fence)
    expect_pool_restricted(cast("Session", fake), POOL)
    return fake


def test_the_planned_fence_is_right() -> None:
    """Nothing of the grader's is left behind it, either."""
    assert _fence(lambda space, _: space == "ingress").there == {}


def test_a_narrower_fence_is_right() -> None:
    """What asks is labelled as the gateway is."""
    _fence(
        lambda space, labels: (
            space == "ingress" and labels.items() >= GATEWAY.items()
        )
    )


@pytest.mark.parametrize(
    ("fence", "served"),
    [
        (lambda *_: True, "lab-5, .* tenants, .* grader-"),
        (lambda space, _: space in {"ingress", "lab-5"}, "lab-5$"),
        (lambda space, _: space not in {"tenants", "lab-5"}, "grader-"),
        (lambda _, labels: labels["app"] == "gateway", "tenants"),
    ],
)
def test_a_fence_with_a_gap_is_refused(fence: Fence, served: str) -> None:
    """Whether it names too many, not all others, or a label."""
    with pytest.raises(CheckFailed, match=f"no VIP, not .*{served}"):
        _fence(fence)


def test_a_fence_without_a_gate_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ingress must get what it was made for."""
    monkeypatch.setitem(WAITS, "fresh", Wait(0, "a test"))

    with pytest.raises(CheckFailed, match="a VIP within 8 s, not <pending>"):
        _fence(lambda *_: False)
