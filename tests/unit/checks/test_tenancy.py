"""Restrictions of a pool, by namespace and by label."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from graders.checks.check import CheckFailed
from graders.checks.tenancy import expect_pool_restricted

if TYPE_CHECKING:
    from tests.lab_model.checks import Judge

INGRESS = {"namespaces": ["ingress"]}
GATEWAY = {"serviceSelectors": [{"matchLabels": {"app": "gateway"}}]}


def _restrict(judge: Judge, rules: dict[str, object]) -> None:
    """Judge lab 5, whose ingress pool has these rules."""
    model = judge.on("5")
    pool = model.plan.ingress_pool_name
    model.one("IPAddressPool", pool)["spec"]["serviceAllocation"] = rules
    expect_pool_restricted(model.session(), pool)


@pytest.mark.parametrize("rules", [INGRESS, INGRESS | GATEWAY])
def test_restrictions(judge: Judge, rules: dict[str, object]) -> None:
    """A restriction may use labels, too."""
    _restrict(judge, rules)


@pytest.mark.parametrize("rules", [{}, {"priority": 1}, GATEWAY])
def test_no_restriction(judge: Judge, rules: dict[str, object]) -> None:
    """Anyone can write the gateway's label."""
    with pytest.raises(CheckFailed, match="to get no VIP, not 172"):
        _restrict(judge, rules)


def test_a_full_pool(judge: Judge) -> None:
    """Without a free address, ingress gets none, either."""
    model = judge.on("5")
    pool = model.plan.ingress_pool_name
    model.ranges(f"{model.vip('gateway')}/32", pool=pool)

    with pytest.raises(CheckFailed, match="a VIP within 8 s, not <pending>"):
        expect_pool_restricted(model.session(), pool)


def test_a_namespace_that_leaves(judge: Judge) -> None:
    """Nothing can be created in it, and nothing is."""
    model = judge.on("5")
    space = {"apiVersion": "v1", "kind": "Namespace"}
    meta = {"metadata": {"name": "old"}, "status": {"phase": "Terminating"}}
    model.cluster.add({**space, **meta})

    expect_pool_restricted(model.session(), model.plan.ingress_pool_name)

    asked = [path for verb, path in model.cluster.requests if verb == "POST"]
    assert "/api/v1/namespaces/default/services" in asked
    assert "/api/v1/namespaces/old/services" not in asked


@pytest.mark.parametrize("rules", [INGRESS, {}])
def test_namespaces_that_others_make(
    judge: Judge, rules: dict[str, object]
) -> None:
    """If a rule forbids new namespaces, existing ones are asked."""
    model = judge.on("5")
    pool = model.plan.ingress_pool_name
    model.one("IPAddressPool", pool)["spec"]["serviceAllocation"] = rules
    model.cluster.admission = lambda verb, path, _: (
        "denied by policy"
        if (verb, path) == ("POST", "/api/v1/namespaces")
        else ""
    )

    with contextlib.ExitStack() as stack:
        if not rules:
            says = "to get no VIP, not 172"
            stack.enter_context(pytest.raises(CheckFailed, match=says))
        expect_pool_restricted(model.session(), pool)
