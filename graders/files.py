"""Write files so that no reader finds half of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_atomically(file: Path, text: str, mode: int | None = None) -> None:
    """Replace `file` by one with `text`, and with `mode` if there is one."""
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    if mode is not None:
        new.chmod(mode)
    new.replace(file)
