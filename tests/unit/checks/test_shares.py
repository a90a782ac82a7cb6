"""Which node's share of the connections is worth the name."""

from __future__ import annotations

from collections import Counter

from graders.checks.shares import busy_nodes, shares
from graders.probes.traffic import Flows

PODS = {"web-1": "worker", "web-2": "worker2"}


def test_a_few_by_chance_are_no_share() -> None:
    """A node must get several connections to count."""
    seen = Flows("curl", Counter({"web-1": 37, "web-2": 3}), 0)

    assert shares(PODS, seen) == {"worker": 37, "worker2": 3}
    assert busy_nodes(PODS, seen) == {"worker"}


def test_an_answer_of_no_pod_is_told_as_one() -> None:
    """It counts for no node."""
    seen = Flows("curl", Counter({"web-1": 20, "tea": 20}), 0)

    assert shares(PODS, seen)["tea, no pod of web"] == 20
    assert "worker2" not in busy_nodes(PODS, seen)
