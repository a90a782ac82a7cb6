"""Addresses of pools, and the Services that use them without MetalLB."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import pytest

from graders.checks.allocations import expect_only_allocated
from graders.checks.check import CheckFailed
from tests.lab_model.labs import share, take_address

if TYPE_CHECKING:
    from tests.lab_model.checks import Judge


def test_another_status_has_the_vip(judge: Judge) -> None:
    """A person writes web's VIP into the status of a class of their choice."""
    model = judge.on("4")
    copy = deepcopy(model.service("web"))
    copy["metadata"] |= {"name": "copy", "namespace": "other"}
    copy["spec"]["loadBalancerClass"] = "mine"
    model.cluster.add(copy)
    vip = str(model.plan.bgp_vip)
    model.set_vip("copy", vip)

    with pytest.raises(
        CheckFailed,
        match=rf"not lab-4/web and other/copy at once \({vip}, port 80/TCP\)",
    ):
        expect_only_allocated(model.session(), [vip])


def test_what_may_be(judge: Judge) -> None:
    """A VIP may be shared, be written twice, and others lie elsewhere."""
    model = judge.on("4")
    share(model)
    model.service("web")["spec"]["externalIPs"] = [model.vip("web")]
    take_address(model, "web", "203.0.113.9")

    expect_only_allocated(model.session(), [str(model.plan.bgp_pool)])
