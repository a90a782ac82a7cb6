"""The service's end of a connection to a client of a seat."""

from __future__ import annotations

import select
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from graders.classroom.seats.protocol import (
    FROM_CLIENT,
    Decoder,
    Kind,
    ProtocolError,
    Request,
    pack,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

# Seconds that a request may take to arrive, and its end to be read.
REQUEST_S: Final = 5.0
# Bytes that are kept for a client.
ROOM: Final = 256 * 1024
_CHUNK: Final = 32768


class Gone(Exception):  # noqa: N818 - it is no error
    """The client has left, or is not waited for any more."""


class Connection:
    """Messages of one client, and those to it, without waiting for it."""

    def __init__(self, client: socket.socket) -> None:
        """Keep the socket."""
        client.setblocking(False)  # noqa: FBT003 - the library's
        self.socket = client
        self._decoder = Decoder(FROM_CLIENT)
        self._received: deque[tuple[Kind, bytes]] = deque()
        self._to_send = bytearray()

    def request(self, seconds: float = REQUEST_S) -> Request:
        """Return what the client asks for.

        Raises:
            Gone: it left, or was too slow.
            ProtocolError: it is no client.

        """
        deadline = time.monotonic() + seconds
        while not self._received:
            left = max(0, deadline - time.monotonic())
            if not select.select([self.socket], [], [], left)[0]:
                raise Gone
            self.receive()
        kind, content = self._received.popleft()
        if kind is not Kind.REQUEST:
            raise ProtocolError("expected a request first")
        return Request.unpack(content)

    def messages(self) -> Iterator[tuple[Kind, bytes]]:
        """Yield what has arrived."""
        while self._received:
            yield self._received.popleft()

    def add(self, kind: Kind, content: bytes) -> None:
        """Send a message as soon as the client reads it."""
        self._to_send += pack(kind, content)

    def print(self, text: str) -> None:
        """Send the client a text for its standard output."""
        self.add(Kind.OUTPUT, text.encode(errors="replace"))

    def say(self, text: str) -> None:
        """Send the client a text for its standard error."""
        self.add(Kind.ERROR, text.encode(errors="replace"))

    def end(self, code: int, seconds: float = REQUEST_S) -> None:
        """Tell the client to end, and wait until it knows.

        Raises:
            Gone: it does not read.

        """
        self.add(Kind.EXIT, bytes([code & 0xFF]))
        while self._to_send:
            if not select.select([], [self.socket], [], seconds)[1]:
                raise Gone
            self.send()

    @property
    def waiting(self) -> bool:
        """True if bytes wait to be sent."""
        return bool(self._to_send)

    @property
    def full(self) -> bool:
        """True if too many bytes wait to add more."""
        return len(self._to_send) >= ROOM

    def receive(self) -> None:
        """Read from the client.

        Raises:
            Gone: it left.
            ProtocolError: it sent what is not allowed.

        """
        try:
            data = self.socket.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            raise Gone
        self._received.extend(self._decoder.feed(data))

    def send(self) -> None:
        """Write to the client.

        Raises:
            Gone: it left.

        """
        try:
            sent = self.socket.send(self._to_send)
        except BlockingIOError:
            return
        except OSError:
            raise Gone from None
        del self._to_send[:sent]
