"""A window of a client: what is typed goes to a process, and its output back.

Bytes are passed on in bounded amounts: who does not read is not written to,
and holds up nothing but itself.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from graders.classroom.seats.connection import ROOM, Connection, Gone
from graders.classroom.seats.protocol import LOST, Kind, ProtocolError, Size

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from graders.providers.child import Child

# Seconds that a client may not read while there is something for it.
PATIENCE_S: Final = 600.0
_CHUNK: Final = 32768
_SIGNALS: Final = {
    name.encode(): getattr(signal, f"SIG{name}")
    for name in ("HUP", "INT", "QUIT", "TERM")
}
_STOPPED: Final = "lab: the seat's service was ended; log in again\n"


class _Turn:
    """A process that has the window for a time."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.over = threading.Event()
        self.code = LOST

    def end(self) -> None:
        """Close the process, and tell who waits for it."""
        self.code = self.child.close()
        self.over.set()


class Window:
    """A client with its processes; other threads may lend it one."""

    def __init__(
        self,
        client: socket.socket,
        *,
        of_kit: bool = False,
        patience: float = PATIENCE_S,
    ) -> None:
        """Keep the socket; `of_kit` if the kit's own account is the client."""
        self.of_kit = of_kit
        self.connection = Connection(client)
        # That of the client's terminal, None without one.
        self.size: Size | None = None
        self._patience = patience
        self._turns: list[_Turn] = []
        self._typed = bytearray()
        self._typed_all = False
        # What other threads ask for is behind the lock.
        self._lock = threading.Lock()
        self._lent: deque[_Turn] = deque()
        self._open = False
        self._stopped = ""
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._wake, False)

    def run(self, child: Child) -> int:
        """Pass bytes on until the process ends; return its status.

        Raises:
            Gone: the client left, or the service is ended.
            ProtocolError: the client sent what is not allowed.

        """
        first = _Turn(child)
        self._turns.append(first)
        try:
            with self._lock:
                self._open = True
                self._expect_running()
            while self._turns:
                self._step(self._turns[-1].child)
        finally:
            with self._lock:
                self._open = False
                left = [*self._turns, *self._lent]
            for turn in reversed(left):
                turn.end()
        return first.code

    def lend(self, start: Callable[[Size], Child]) -> int | None:
        """Give the terminal to another process until that ends.

        Return its exit status, None if there is no terminal to give.
        """
        with self._lock:
            if self.size is None or not self._open:
                return None
            turn = _Turn(start(self.size))
            self._lent.append(turn)
            self._wake_up()
        turn.over.wait()
        return turn.code

    def stop(self, reason: str = _STOPPED) -> None:
        """End the window from another thread, and tell its client why."""
        with self._lock:
            self._stopped = reason
            self._wake_up()

    def close(self) -> None:
        """Close the socket."""
        with self._lock:
            self.connection.socket.close()
            os.close(self._woken)
            os.close(self._wake)
            self._wake = -1

    def _step(self, child: Child) -> None:
        """Wait for what can be read or written, and do that."""
        # Some may have come with the request.
        for kind, content in self.connection.messages():
            self._take(kind, content)
        self._feed(child)
        client = self.connection.socket
        readable, writable = self._wait(child)
        if self._woken in readable:
            self._heed()
        if client in writable:
            self.connection.send()
        if client in readable:
            self.connection.receive()
        for output in [it for it in child.outputs if it in readable]:
            self._show(child, output, child.read(output))
        if child.ended in readable:
            self._finish(child)

    def _wait(
        self, child: Child
    ) -> tuple[list[int | socket.socket], list[int | socket.socket]]:
        """Return what can be read, and written."""
        connection = self.connection
        reads: list[int | socket.socket] = [self._woken]
        writes: list[int | socket.socket] = []
        if len(self._typed) < ROOM:
            reads.append(connection.socket)
        if not connection.full:
            reads += [*child.outputs, child.ended]
        if connection.waiting:
            writes.append(connection.socket)
        if self._typed and child.input is not None:
            writes.append(child.input)
        patience = self._patience if connection.waiting else None
        readable, writable, _ = select.select(reads, writes, [], patience)
        if not readable and not writable:
            raise Gone
        return readable, writable

    def _heed(self) -> None:
        """Do what other threads ask for."""
        with self._lock:
            os.read(self._woken, _CHUNK)
            self._expect_running()
            while self._lent:
                self._turns.append(self._lent.popleft())

    def _expect_running(self) -> None:
        """Tell the client if the service is ended."""
        if self._stopped:
            self.connection.say(self._stopped)
            with suppress(Gone):
                self.connection.end(LOST)
            raise Gone

    def _take(self, kind: Kind, content: bytes) -> None:
        """Do what a message of the client says."""
        if kind is Kind.INPUT:
            self._typed += content
        elif kind is Kind.INPUT_END:
            self._typed_all = True
        elif kind is Kind.RESIZE and self.size:
            size = Size.unpack(content)
            with self._lock:
                self.size = size
                for turn in (*self._turns, *self._lent):
                    turn.child.resize(size.rows, size.columns)
        elif kind is Kind.SIGNAL and content in _SIGNALS:
            self._turns[-1].child.signal(_SIGNALS[content])
        else:
            raise ProtocolError(f"{kind.name} is not expected")

    def _feed(self, child: Child) -> None:
        """Write what was typed to the process."""
        if self._typed:
            del self._typed[: child.write(bytes(self._typed[:_CHUNK]))]
        if self._typed_all and not self._typed:
            child.end_input()

    def _show(self, child: Child, output: int, data: bytes) -> None:
        """Send the client what a process wrote."""
        if data:
            kind = Kind.ERROR if output == child.errors else Kind.OUTPUT
            self.connection.add(kind, data)

    def _finish(self, child: Child) -> None:
        """Show what the process wrote last, and let go of it."""
        for output in [*child.outputs]:
            self._show(child, output, child.read_rest(output))
        self._turns.pop().end()

    def _wake_up(self) -> None:
        # If it was woken that often, it will look; or it is closed.
        if self._wake >= 0:
            with suppress(BlockingIOError):
                os.write(self._wake, b"\0")
