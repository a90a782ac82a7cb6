"""Which pools an advertisement covers, by name and by label."""

from __future__ import annotations

from typing import Any

import pytest

from graders.checks.selectors import advertised, selected

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
def test_a_selector_is_read_as_kubernetes_does(
    selector: dict[str, Any], names: set[str]
) -> None:
    """All that it says must hold; a label that lacks is not in any list."""
    assert advertised({"ipAddressPoolSelectors": [selector]}, POOLS) == names


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
def test_pools_are_named_or_selected(
    spec: dict[str, Any], names: set[str]
) -> None:
    """Both count; an advertisement without either covers every pool."""
    assert advertised(spec, POOLS) == names


def test_no_label_is_not_none() -> None:
    """A list of values never has what is not there."""
    assert not selected(_expression("In", "None"), {})
