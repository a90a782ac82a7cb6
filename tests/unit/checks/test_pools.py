"""Ranges and advertisements of pools, and who may use them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import pytest

from graders.checks.check import CheckFailed
from graders.checks.pools import (
    advertised_pools,
    expect_pool_restricted,
    pool_of,
    selects,
    unused_addresses,
)
from graders.plan.plan import make_plan
from graders.polling import WAITS, Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from graders.checks.session import Session

    Fence: TypeAlias = Callable[[str, dict[str, str]], bool]


PLAN = make_plan()
POOL = PLAN.ingress_pool_name
GATEWAY = {"app": "gateway"}


class Fake:
    """A session and its cluster; `fence` decides which Services get a VIP."""

    def __init__(self, fence: Fence) -> None:
        """Start with the gateway only."""
        self.cluster, self.plan, self.fence = self, PLAN, fence
        self.there: dict[str, dict[str, Any]] = {}

    def service(self, name: str, space: str) -> dict[str, Any]:
        """Return the gateway, or a tenant's Service."""
        assert (name, space) in {("gateway", "ingress"), ("blue", "tenants")}
        labels = GATEWAY if name == "gateway" else {}
        return {"metadata": {"labels": labels}, "spec": {"ports": []}}

    def ask(
        self, verb: str, path: str, body: dict[str, Any] | None = None
    ) -> None:
        """Create or delete an object."""
        if verb == "DELETE":
            del self.there[path]
            return
        assert body
        self.there[f"{path}/{body['metadata']['name']}"] = body

    def vip(self, name: str, space: str) -> str:
        """Return the address that the restriction permits."""
        path = f"/api/v1/namespaces/{space}/services/{name}"
        metadata = self.there[path]["metadata"]
        if not metadata["annotations"]:
            return str(PLAN.pool_last)
        labels = metadata["labels"]
        served = self.fence(space, labels)
        return str(PLAN.ingress_last) if served else ""

    def events(self, _: str, __: str) -> str:
        """Return the event of a refusal."""
        return "AllocationFailed: pool not compatible"


def _fence(fence: Fence) -> Fake:
    fake = Fake(fence)
    expect_pool_restricted(cast("Session", fake), POOL)
    return fake


def test_planned_restriction() -> None:
    """It passes, and all temporary objects are removed."""
    assert _fence(lambda space, _: space == "ingress").there == {}


def test_narrower_restriction() -> None:
    """A restriction by the gateway's labels passes, too."""
    _fence(
        lambda space, labels: (
            space == "ingress" and labels.items() >= GATEWAY.items()
        )
    )


@pytest.mark.parametrize(
    ("fence", "served"),
    [
        (lambda *_: True, "lab-5, .* tenants, .*-[0-9a-f]{6}"),
        (lambda space, _: space in {"ingress", "lab-5"}, "lab-5$"),
        (lambda space, _: space not in {"tenants", "lab-5"}, "-[0-9a-f]{6}"),
        (lambda _, labels: labels["app"] == "gateway", "tenants"),
    ],
)
def test_incomplete_restriction(fence: Fence, served: str) -> None:
    """It permits other namespaces, or anyone with the label."""
    with pytest.raises(CheckFailed, match=f"no VIP, not .*{served}"):
        _fence(fence)


def test_restriction_of_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Namespace ingress must get its VIPs."""
    monkeypatch.setitem(WAITS, "new-service", Wait(0, "a test"))

    with pytest.raises(CheckFailed, match="a VIP within 8 s, not <pending>"):
        _fence(lambda *_: False)


POOLS: list[dict[str, Any]] = [
    {"metadata": {"name": "blue", "labels": {"use": "shop", "tier": "1"}}},
    {"metadata": {"name": "red", "labels": {"use": "bank"}}},
    {"metadata": {"name": "plain"}},
]


def _expression(operator: str, *values: str) -> dict[str, Any]:
    part: dict[str, Any] = {"key": "use", "operator": operator}
    if values:
        part["values"] = [*values]
    return {"matchExpressions": [part]}


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ({}, {"blue", "red", "plain"}),
        ({"matchLabels": {"use": "shop"}}, {"blue"}),
        ({"matchLabels": {"use": "shop", "tier": "2"}}, set()),
        (_expression("In", "shop", "bank"), {"blue", "red"}),
        (_expression("NotIn", "shop"), {"red", "plain"}),
        (_expression("Exists"), {"blue", "red"}),
        (_expression("DoesNotExist"), {"plain"}),
        (_expression("Gt", "1"), set()),
        ({"matchLabels": {"tier": "1"}} | _expression("In", "bank"), set()),
    ],
)
def test_selectors(selector: dict[str, Any], names: set[str]) -> None:
    """All conditions must hold; a missing label is in no list."""
    assert (
        advertised_pools({"ipAddressPoolSelectors": [selector]}, POOLS)
        == names
    )


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ({}, {"blue", "red", "plain"}),
        ({"ipAddressPools": []}, {"blue", "red", "plain"}),
        ({"ipAddressPools": ["blue", "gone"]}, {"blue"}),
        (
            {
                "ipAddressPools": ["plain"],
                "ipAddressPoolSelectors": [{"matchLabels": {"use": "bank"}}],
            },
            {"plain", "red"},
        ),
    ],
)
def test_advertised_pools(spec: dict[str, Any], names: set[str]) -> None:
    """Names and selectors count; without either, every pool is covered."""
    assert advertised_pools(spec, POOLS) == names


def test_missing_label() -> None:
    """A missing label is not the text None."""
    assert not selects(_expression("In", "None"), {})


def _session(*taken: str, pool: str = PLAN.pool) -> Any:  # noqa: ANN401 - a stand-in
    """Return a session with two pools, where addresses are in use."""
    cluster = SimpleNamespace(
        pools=lambda: {
            PLAN.private_pool_name: [PLAN.private_pool],
            PLAN.pool_name: [pool],
        },
        vips=lambda: frozenset(taken),
    )
    return SimpleNamespace(plan=PLAN, cluster=cluster)


def test_pool_of() -> None:
    """Pools are found by addresses, not by names."""
    vip = str(PLAN.private_vip)

    assert pool_of(_session(), vip) == PLAN.private_pool_name
    assert not pool_of(_session(), "192.0.2.1")


def test_unused_addresses() -> None:
    """Addresses in use are left out."""
    lab = _session("192.0.2.1", "192.0.2.2")

    assert [str(one) for one in unused_addresses(lab, ["192.0.2.0/30"])] == [
        "192.0.2.0",
        "192.0.2.3",
    ]
