"""Write a result to the file that a student names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.errors import UsageError
from graders.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path


def write_document(path: Path, text: str, option: str) -> None:
    """Write a file as a whole, or into a pipe or device.

    Raises:
        UsageError: it cannot be written; `option` is the one that names it.

    """
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
        else:
            write_atomically(path.resolve(), text)
    except OSError as error:
        raise UsageError(
            f"could not write {path}: {error.strerror}",
            remedy=f"give {option} a file that you may write",
        ) from error
