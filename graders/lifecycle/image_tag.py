"""What the kit's own images are made by, as a tag that changes with it."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LENGTH: Final = 8


def recipe(folder: Path = ANSIBLE) -> str:
    """Return the tag: of all versions, and of what builds from them.

    An old image is so never taken for a new one. The playbooks in `folder`
    have it as the variable `recipe`: in a template it would be worked out
    anew by each task that names an image.

    Raises:
        OSError: a file cannot be read.

    """
    found = sorted(_files(folder), key=lambda file: file.as_posix())
    total = sha256()
    for file in found:
        total.update(file.read_bytes())
    return total.hexdigest()[:_LENGTH]


def _files(folder: Path) -> Iterator[Path]:
    images = folder / "roles" / "images"
    yield folder / "group_vars" / "all.yml"
    yield from (images / "tasks").glob("image_*.yml")
    for file in (images / "files").rglob("*"):
        if file.is_file():
            yield file
