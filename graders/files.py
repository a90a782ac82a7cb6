"""Read files of bounded size; write them so that none is seen half."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

# Bytes of a file that a person writes: the longest of the kit has 14 KB.
WRITTEN_LIMIT: Final = 64 * 1024


def read_text(
    file: Path, limit: int = WRITTEN_LIMIT, errors: str = "strict"
) -> str:
    """Return the text of a file of at most `limit` bytes.

    Raises:
        OSError: it cannot be read.
        ValueError: it is larger, or not UTF-8; the message says so.

    """
    with file.open("rb") as opened:
        content = opened.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"it is larger than {limit // 1024} KB")
    try:
        return content.decode("utf-8-sig", errors)
    except UnicodeDecodeError:
        raise ValueError("it is not text in UTF-8") from None


def write_atomically(file: Path, text: str, mode: int | None = None) -> None:
    """Replace `file` by one with `text`, and with `mode` if there is one."""
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    if mode is not None:
        new.chmod(mode)
    new.replace(file)
