"""All tests: a run of one part has its part of the slow ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.depth import choose

if TYPE_CHECKING:
    import pytest


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave a run of one part its slow tests."""
    choose(config, items, _unit_of)


def _unit_of(item: pytest.Item) -> str:
    return item.nodeid if item.get_closest_marker("slow") else ""
