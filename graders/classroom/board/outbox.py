"""Events that the board has not got yet, in a file that outlives commands."""

from __future__ import annotations

import json
import time as clock
from typing import TYPE_CHECKING, Any, Final

from graders.errors import MALFORMED
from graders.files import alone_in, read_text, write_atomically
from graders.settings import outbox_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

# More would be sent late for nothing: counts are sums, and the last says all.
MOST: Final = 20
# The board takes none that are older.
_OLDEST_S: Final = 24 * 3600


def put(student: str, event: dict[str, Any]) -> list[dict[str, Any]]:
    """Add an event; return all that wait, the oldest first.

    Raises:
        OSError: the file cannot be written.

    """
    return _change(outbox_file(student), lambda kept: [*kept, event])


def remove(student: str, ids: Collection[str]) -> None:
    """Remove events that need not be sent again.

    Raises:
        OSError: the file cannot be written.

    """
    _change(
        outbox_file(student),
        lambda kept: [one for one in kept if one["id"] not in ids],
    )


def waiting(student: str) -> list[dict[str, Any]]:
    """Return the events that wait; a damaged file has none."""
    try:
        kept = json.loads(read_text(outbox_file(student)))
        oldest = clock.time() - _OLDEST_S
        return [
            dict(one, id=str(one["id"]))
            for one in kept
            if one["time"] > oldest
        ]
    except (OSError, *MALFORMED):
        return []


def _change(
    file: Path,
    change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
) -> list[dict[str, Any]]:
    with alone_in(file.parent):
        kept = change(waiting(file.stem))[-MOST:]
        write_atomically(file, json.dumps(kept), mode=0o600)
    return kept
