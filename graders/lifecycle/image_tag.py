"""The tag of the kit's images, which changes with their sources."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LENGTH: Final = 8


def recipe(folder: Path = ANSIBLE) -> str:
    """Return the tag: a digest of all versions and of the images' sources.

    So an old image is never used instead of a new one. Playbooks get it as
    the variable `recipe`; a template would compute it for each task.

    Raises:
        OSError: a file cannot be read.

    """
    digest = sha256()
    for file in sorted(_files(folder), key=lambda file: file.as_posix()):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:_LENGTH]


def _files(folder: Path) -> Iterator[Path]:
    images = folder / "roles" / "images"
    yield folder / "group_vars" / "all.yml"
    yield images / "vars" / "main.yml"
    yield from (images / "tasks").glob("image_*.yml")
    for file in (images / "files").rglob("*"):
        if file.is_file():
            yield file
