"""The terminal of a seat's client, and the signals that it gets.

Uses Python's library only, as the client does.
"""

from __future__ import annotations

import os
import select
import signal
import termios
import tty
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from graders.classroom.seats.protocol import Size

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNALS: Final = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGWINCH,
)
_USUAL: Final = Size(24, 80)


def terminal_size(file: int) -> Size:
    """Return the size of a terminal; a usual one if it has none."""
    with suppress(OSError, ValueError):
        columns, rows = os.get_terminal_size(file)
        return Size(rows, columns).checked()
    return _USUAL


@contextmanager
def raw(file: int | None) -> Iterator[None]:
    """Pass on each key of a terminal as it is; restore its modes at the end.

    Without a file, do nothing.
    """
    if file is None:
        yield
        return
    modes = termios.tcgetattr(file)
    tty.setraw(file, termios.TCSADRAIN)
    try:
        yield
    finally:
        with suppress(termios.error):
            termios.tcsetattr(file, termios.TCSADRAIN, modes)


class Wakeup:
    """Signals as something to read, while it is open."""

    def __enter__(self) -> Wakeup:  # noqa: PYI034 - Python 3.10 has no Self
        """Take over the signals that ask to end, and that of a new size."""
        self.file, self._write = os.pipe()
        for file in (self.file, self._write):
            os.set_blocking(file, False)
        self._before = {
            number: signal.signal(number, _heed) for number in _SIGNALS
        }
        self._wakeup = signal.set_wakeup_fd(
            self._write, warn_on_full_buffer=False
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the signals as they were."""
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self.file)
        os.close(self._write)

    def signals(self) -> bytes:
        """Return the numbers of the signals that have come."""
        if not select.select([self.file], [], [], 0)[0]:
            return b""
        return os.read(self.file, 64)


def _heed(number: int, frame: object) -> None:
    """Do nothing: the number is read from the file."""
