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


def teacher_stream(
    board: Board, closing: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """Return a stream of all rows, then of those that change."""
    return _stream(
        board,
        closing,
        lambda known: {
            "all": known < 0,
            "rows": board.rows_since(known),
            "silent": board.silent(),
        },
    )


def projector_stream(
    board: Board, closing: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """Return a stream of how many are where, when that changes."""
    return _stream(board, closing, lambda _: board.counts())


async def _stream(
    board: Board,
    closing: Callable[[], bool],
    content: Callable[[int], dict[str, Any]],
) -> AsyncIterator[bytes]:
    """Yield what has changed since the version that the page knows."""
    version, silent = -1, _SILENT
    for tick in count():
        if closing():
            break
        silent += 1
        # By its own clock: a busy class is never silent.
        if tick % _SILENT == 0:
            board.age()
        if board.version > version or silent > _SILENT:
            document = {"now": clock.time(), **content(version)}
            version, silent = board.version, 0
            text = json.dumps(document, separators=(",", ":"))
            yield f"retry: 1000\ndata: {text}\n\n".encode()
        await asyncio.sleep(_TICK_S)
