"""Serve the board of a class on one address, until Ctrl-C."""

from __future__ import annotations

import logging
import socket
import sys
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, ClassVar, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from graders.classroom.board.access import Access, is_loopback, open_access
from graders.classroom.board.admission import Admission
from graders.classroom.board.app import make_app
from graders.classroom.board.board import Board
from graders.classroom.board.store import Store
from graders.errors import CannotCheck, UsageError
from graders.files import held

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path

    from graders.classroom.class_folder import Class

# What the board keeps, in the class's folder.
FOLDER: Final = "board"
# Connections at a time: of another computer, of all others, and again as many
# of this one, so that nobody keeps the teacher out. A proxy on this computer
# has those of all. A process may have 1024 files open.
MOST_OF_ONE: Final = 64
MOST: Final = 450
# Seconds until a request must have begun.
HEADERS_S: Final = 10
_HEADERS: Final = 16 * 1024


@dataclass(frozen=True)
class Address:
    """Where the board listens."""

    host: str
    port: int

    @property
    def is_any(self) -> bool:
        """Return whether it stands for all addresses of this computer."""
        return ip_address(self.host).is_unspecified

    @property
    def is_loopback(self) -> bool:
        """Return whether only this computer can connect to it."""
        return ip_address(self.host).is_loopback

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses to bind: the teacher's pages need loopback, too."""
        if self.is_loopback or self.is_any:
            return (self.host,)
        return (self.host, "127.0.0.1")

    @property
    def url(self) -> str:
        """The address for a browser of this computer."""
        own = "[::1]" if ":" in self.host else "127.0.0.1"
        if self.is_loopback and self.host != "::1":
            own = self.host
        elif not self.is_any and not self.is_loopback:
            own = "127.0.0.1"
        return f"http://{own}:{self.port}"


def parse_address(text: str) -> Address:
    """Return the address in `text`, as 127.0.0.1:8765 or [::1]:8765.

    Raises:
        UsageError: it is none.

    """
    host, _, port = text.rpartition(":")
    with suppress(ValueError):
        if port.isascii() and port.isdigit() and int(port) < 1 << 16:
            ip_address(bare := host.removeprefix("[").removesuffix("]"))
            return Address(bare, int(port))
    raise UsageError(
        f"--listen must be ADDRESS:PORT, such as 127.0.0.1:8765, not {text}"
    )


def serve(
    course: Class,
    address: Address,
    announce: Callable[[Address, Access], None],
) -> None:
    """Serve a class's board until Ctrl-C; call `announce` when it is open.

    Raises:
        KitError: another process serves it, the address is taken, or the
            folder cannot be used.

    """
    folder = course.folder / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    busy = UsageError(
        "the board of this class is running already",
        remedy="open it, or end it with Ctrl-C where it runs",
    )
    with ExitStack() as stack:
        stack.enter_context(held(folder, busy))
        listeners = [
            stack.enter_context(_listener(host, address.port))
            for host in address.hosts
        ]
        access = _access(folder)
        store = Store(folder / "board.sqlite")
        stack.callback(store.close)
        server = make_server(Board(store, Admission(course)), access)
        port = listeners[0].getsockname()[1]
        announce(Address(address.host, port), access)
        logging.basicConfig(
            level=logging.ERROR, format="board: %(message)s", stream=sys.stderr
        )
        # It ends as Ctrl-C asks, then passes that on.
        with suppress(KeyboardInterrupt):
            server.run(sockets=listeners)


def make_server(board: Board, access: Access) -> uvicorn.Server:
    """Return a server of a board that ends its streams when it is to exit."""

    def closing() -> bool:
        return server.should_exit

    config = uvicorn.Config(
        make_app(board, access, closing),
        http=_Guarded,
        ws="none",
        lifespan="on",
        loop="asyncio",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=_HEADERS,
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    return server


class _Guarded(H11Protocol):
    """A connection that has to ask soon, and one of not too many."""

    _of: ClassVar[Counter[str]] = Counter()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn does
        """Accept a connection, or close it at once."""
        super().connection_made(transport)
        host = self.client[0] if self.client else ""
        self._host = "" if is_loopback(host) else host
        self._of[self._host] += 1
        self._timer = self.loop.call_later(HEADERS_S, self._expect_request)
        if self._is_too_much():
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._timer.cancel()
        self._of[self._host] -= 1
        if not self._of[self._host]:
            del self._of[self._host]
        super().connection_lost(exc)

    def _is_too_much(self) -> bool:
        own = self._of[self._host]
        if not self._host:
            return own > MOST
        others = self._of.total() - self._of[""]
        return own > MOST_OF_ONE or others > MOST

    def _expect_request(self) -> None:
        if self.cycle is None:
            self.transport.abort()


def _access(folder: Path) -> Access:
    try:
        return open_access(folder)
    except (OSError, ValueError) as error:
        raise CannotCheck(
            f"could not read or write {folder / 'token'}: {error}",
            remedy="remove it, and the board makes another one",
        ) from None


def _listener(host: str, port: int) -> socket.socket:
    listener = socket.socket(
        socket.AF_INET6 if ":" in host else socket.AF_INET
    )
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # Before it is announced: who comes at once waits, and is not refused.
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise UsageError(
            f"could not listen on {host}:{port}: {error.strerror}",
            remedy="--listen names another address or port",
        ) from None
    return listener
