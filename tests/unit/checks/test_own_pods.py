"""When a pod or a node counts as ready; more is in test_workload."""

from __future__ import annotations

from graders.checks.own_pods import is_ready


def test_is_ready() -> None:
    """Its condition says so."""
    ready = {"type": "Ready", "status": "True"}
    late = {"type": "Ready", "status": "False"}
    scheduled = {"type": "PodScheduled", "status": "True"}

    assert is_ready({"status": {"conditions": [scheduled, ready]}})
    assert not is_ready({"status": {"conditions": [scheduled, late]}})
    assert not is_ready({"status": {}})
