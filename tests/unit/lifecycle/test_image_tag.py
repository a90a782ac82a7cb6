"""The tag of the kit's own images: it changes with all that they are of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.lifecycle.image_tag import (
    gateway_images,
    gateway_recipe,
    recipe,
)

if TYPE_CHECKING:
    from pathlib import Path

COUNTS = (
    "group_vars/all.yml",
    "roles/images/vars/main.yml",
    "roles/images/tasks/image_own.yml",
    "roles/images/files/modules/etcd/go.mod",
)
OF_GATEWAYS = (
    "roles/gateway/vars/main/versions.yml",
    "roles/gateway/tasks/image_build.yml",
    "roles/gateway/files/image/go.mod",
)
NOT = (
    *("roles/images/tasks/main.yml", "roles/metallb/tasks/main.yml"),
    *("roles/gateway/tasks/nodes.yml", "roles/gateway/files/import.sh"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of playbooks."""
    for name in (*COUNTS, *OF_GATEWAYS, *NOT):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return tmp_path


@pytest.mark.parametrize("name", COUNTS)
def test_changes_with(folder: Path, name: str) -> None:
    """An old image must not be taken for a new one."""
    before = recipe(folder)
    (folder / name).write_text("another version")
    assert recipe(folder) != before
    (folder / name).write_text(name)
    assert recipe(folder) == before


@pytest.mark.parametrize("name", OF_GATEWAYS)
def test_gateways_have_their_own(folder: Path, name: str) -> None:
    """Labs without one get no other images for it."""
    before, others = gateway_recipe(folder), recipe(folder)
    (folder / name).write_text("another version")
    assert gateway_recipe(folder) != before
    assert recipe(folder) == others


@pytest.mark.parametrize("name", NOT)
def test_does_not_change_with(folder: Path, name: str) -> None:
    """Images are not built again for what is not in them."""
    before = recipe(folder), gateway_recipe(folder)
    (folder / name).write_text("another way")
    assert (recipe(folder), gateway_recipe(folder)) == before


def test_of_the_kit() -> None:
    """It stands in the names of images, so it is short, and of hex digits."""
    assert len(recipe()) == len(f"{int(recipe(), 16):08x}")


def test_where_images_of_gateways_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file for all labs of this computer, named by its recipe."""
    monkeypatch.setenv("METALLB_LAB_CACHE", str(tmp_path))

    file = tmp_path / "gateway" / f"images-{gateway_recipe()}.tar"
    assert gateway_images() == file
