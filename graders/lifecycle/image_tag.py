"""The tags of the kit's images, which change with their sources."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from graders.settings import ANSIBLE, cache_dir

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_LENGTH: Final = 8


def recipe(folder: Path = ANSIBLE) -> str:
    """Return the tag: a digest of all versions and of the images' sources.

    So an old image is never used instead of a new one. Playbooks get it as
    the variable `recipe`; a template would compute it for each task.

    Raises:
        OSError: a file cannot be read.

    """
    return _digest(_files(folder))


def gateway_recipe(folder: Path = ANSIBLE) -> str:
    """Return the tag of Envoy Gateway and Envoy, which few labs need.

    Playbooks get it as the variable `gateway_recipe`.

    Raises:
        OSError: a file cannot be read.

    """
    role = folder / "roles" / "gateway"
    return _digest(
        [
            *(role / "vars").rglob("*.yml"),
            *(role / "tasks").glob("image_*.yml"),
            *_below(role / "files" / "image"),
        ]
    )


def gateway_images() -> Path:
    """Return the file with their images, which is there once they are got.

    Raises:
        OSError: as `gateway_recipe`.

    """
    return cache_dir() / "gateway" / f"images-{gateway_recipe()}.tar"


def _digest(files: Iterable[Path]) -> str:
    digest = sha256()
    for file in sorted(files, key=lambda file: file.as_posix()):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:_LENGTH]


def _files(folder: Path) -> Iterator[Path]:
    images = folder / "roles" / "images"
    yield folder / "group_vars" / "all.yml"
    yield images / "vars" / "main.yml"
    yield from (images / "tasks").glob("image_*.yml")
    yield from _below(images / "files")


def _below(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file())
