"""`lab down` removes what the kit brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import changed

if TYPE_CHECKING:
    from .conftest import Kit


@pytest.mark.usefixtures("stands")
def test_down_leaves_hosts_as_found(
    kit: Kit, as_found: dict[str, list[str]]
) -> None:
    """Packages, files, interfaces, addresses, processes are removed."""
    kit.ok("lab", "down")
    assert not changed(kit.site, as_found)


def test_down_without_a_lab_changes_nothing(
    kit: Kit, as_found: dict[str, list[str]]
) -> None:
    """Hosts without a lab are left alone."""
    kit.ok("lab", "down")
    assert not changed(kit.site, as_found)
