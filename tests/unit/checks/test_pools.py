"""Ranges and advertisements of pools."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import pytest

from graders.checks.check import CheckFailed
from graders.checks.pools import (
    advertised_pools,
    expect_reserved,
    matching_labels,
    pool_of,
    selects,
    unused_addresses,
)
from graders.plan.plan import make_plan
from tests.fakes import FakeCluster

PLAN = make_plan()
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


@pytest.mark.parametrize(
    ("labels", "selector", "words"),
    [
        ({}, {"matchLabels": {"use": "shop"}}, "those with use: shop"),
        ({"use": "bank"}, _expression("NotIn", "bank"), "with other labels"),
        ({"use": "bank"}, _expression("In", "shop"), "those with use: shop"),
        ({"use": "shop"}, _expression("In", "shop"), ""),
        ({"use": "shop"}, _expression("In", "shop", "bank"), "use: bank"),
        ({}, _expression("DoesNotExist"), ""),
    ],
)
def test_labels_for_others(
    labels: dict[str, str], selector: dict[str, Any], words: str
) -> None:
    """A pool may select those with a right, and no one who may come."""
    pool = {
        "kind": "IPAddressPool",
        "apiVersion": "metallb.io/v1beta1",
        "metadata": {"name": "mine", "namespace": "metallb-system"},
        "spec": {
            "addresses": ["192.0.2.0/28"],
            "serviceAllocation": {"namespaceSelectors": [selector]},
        },
    }
    space = {
        "kind": "Namespace",
        "apiVersion": "v1",
        "metadata": {"name": "team", "labels": labels},
    }
    lab: Any = SimpleNamespace(cluster=FakeCluster(pool, space))
    with (
        pytest.raises(CheckFailed, match=words)
        if words
        else contextlib.nullcontext()
    ):
        expect_reserved(lab, "192.0.2.0-192.0.2.7", ["team"])


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


@pytest.mark.parametrize(
    ("selector", "labels"),
    [
        ({"matchLabels": {"use": "shop"}}, [{"use": "shop"}]),
        (_expression("In", "shop", "bank"), [{"use": "shop"}]),
        (_expression("Exists"), [{"use": ""}]),
        (_expression("DoesNotExist"), [{}]),
        (_expression("NotIn", "shop"), [{}]),
        ({}, [{}]),
        ({"matchLabels": {"use": "shop"}} | _expression("In", "bank"), []),
    ],
)
def test_labels_that_anyone_could_write(
    selector: dict[str, Any], labels: list[dict[str, str]]
) -> None:
    """They are selected; a selector that contradicts itself selects none."""
    assert matching_labels([selector]) == labels
