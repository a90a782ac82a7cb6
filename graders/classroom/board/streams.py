"""Streams of server-sent events for the board's pages.

A viewer has a number, and nothing waits for it: one that reads slowly gets
fewer and larger messages.
"""

from __future__ import annotations

import asyncio
import json
import time as clock
from itertools import count
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from graders.classroom.board.board import Board

# At most so often a page is told of changes.
_TICK_S: Final = 0.5
# Ticks after which a message is sent without changes: connections that are
# silent are cut by proxies, and the page shows that it is live.
_SILENT: Final = 20


async def teacher_stream(
    board: Board, closing: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """Yield all rows, then those that change."""
    version, silent = -1, _SILENT
    for tick in count():
        if closing():
            break
        silent += 1
        # By its own clock: a busy class is never silent.
        if tick % _SILENT == 0:
            board.age()
        if board.version > version or silent > _SILENT:
            rows = board.rows_since(version)
            whole = version < 0
            version, silent = board.version, 0
            yield _message(
                {
                    "now": clock.time(),
                    "all": whole,
                    "rows": rows,
                    "silent": board.silent(),
                }
            )
        await asyncio.sleep(_TICK_S)


async def projector_stream(
    board: Board, closing: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """Yield how many are where, when that changes."""
    version, silent = -1, _SILENT
    while not closing():
        silent += 1
        if board.version > version or silent > _SILENT:
            version, silent = board.version, 0
            yield _message({"now": clock.time(), **board.counts()})
        await asyncio.sleep(_TICK_S)


def _message(document: dict[str, Any]) -> bytes:
    text = json.dumps(document, separators=(",", ":"))
    return f"retry: 1000\ndata: {text}\n\n".encode()
