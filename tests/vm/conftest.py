"""Virtual machines of the tests' own, and the kit's commands about them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest

from graders.plan.plan import make_plan
from graders.settings import cache_dir
from tests.hosts.conftest import Told, found_on, get_images

from .making import VirtualSite, build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STUDENT: Final = os.environ.get("TEST_VM_STUDENT", "machines")
RELEASE: Final = os.environ.get("TEST_VM_RELEASE", "bookworm")


class Kit(Told):
    """The kit, told to have its labs on virtual machines."""

    def __init__(self, site: VirtualSite, folder: Path) -> None:
        """Keep its state in a folder of its own."""
        super().__init__(site.plan.student, folder, site.inventory)
        self.site = site


@pytest.fixture(scope="session")
def image() -> Path:
    """Return where the disk is; it is kept for another time."""
    return build(RELEASE, cache_dir() / "test-vm")


@pytest.fixture(scope="session")
def kit(
    image: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kit]:
    """Make the hosts for all tests."""
    folder = tmp_path_factory.mktemp("vm")
    get_images()
    site = VirtualSite(make_plan(STUDENT), folder, image)
    site.remove()
    site.build()
    try:
        site.make()
        yield Kit(site, folder / "state")
    finally:
        site.remove()


@pytest.fixture(scope="session")
def as_found(kit: Kit) -> dict[str, list[str]]:
    """Return what the hosts have before a lab is there."""
    return found_on(kit.site, kit.site.roles)
