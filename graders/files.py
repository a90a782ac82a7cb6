"""Read files of bounded size; write them so that none is seen half."""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# How many records of a kind are kept.
RECORDS: Final = 20
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


def write_atomically(
    file: Path, content: str | bytes, mode: int | None = None
) -> None:
    """Replace `file` by one with `content`, and with `mode` if there is one.

    Until then it has another name, a new one each time: several commands may
    write the same file.
    """
    new = file.with_name(f".{file.name}.{secrets.token_hex(4)}.new")
    try:
        # A secret must not be readable before it has its mode.
        new.touch(0o666 if mode is None else mode, exist_ok=False)
        new.write_bytes(
            content.encode() if isinstance(content, str) else content
        )
        if mode is not None:
            new.chmod(mode)
        new.replace(file)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def write_record(folder: Path, name: str, text: str) -> Path:
    """Write `text` to a new file of `folder`, for its owner alone.

    Its name begins with the time; the newest records of that name are kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now().astimezone()
    file = folder / f"{now:%Y%m%d-%H%M%S-%f}-{name}"
    write_atomically(file, text, mode=0o600)
    # The clock may have been set back, so this one need not be the newest.
    others = sorted(folder.glob(f"[0-9]*-{name}"), reverse=True)
    others.remove(file)
    for old in others[RECORDS - 1 :]:
        old.unlink(missing_ok=True)
    return file


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Let no other command of this computer write in a folder; create it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        # Some network file systems have no locks.
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def held(place: Path, busy: Exception) -> Iterator[None]:
    """Hold a file or folder that is there; raise `busy` if others hold it.

    Raises:
        OSError: it cannot be opened or held.

    """
    handle = os.open(place, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        yield
    finally:
        os.close(handle)
