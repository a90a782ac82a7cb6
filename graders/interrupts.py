"""Keep Ctrl-C from cutting a step in two."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Finish the block first, then raise KeyboardInterrupt if one is due.

    For short steps that have a time limit. Python interrupts only the main
    thread, so in others this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with collected_signals() as signals:
        yield
    if signals:
        raise KeyboardInterrupt


@contextmanager
def collected_signals() -> Iterator[list[int]]:
    """Collect the signals that ask to end, for whoever asked to look."""
    signals: list[int] = []
    handlers = {
        number: signal.signal(number, lambda it, _: signals.append(it))
        for number in SIGNALS
        # nohup has it ignored: keep it so.
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield signals
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
