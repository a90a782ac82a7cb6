"""A board that is served on loopback, for tests that ask it by HTTP."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import urllib3

from graders.classroom.board.access import open_access
from graders.classroom.board.board import Board
from graders.classroom.board.server import make_server
from graders.classroom.board.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graders.classroom.board.access import Access, Role
    from tests.paper_class import PaperClass

_SECONDS: Final = 20


@dataclass(frozen=True)
class Served:
    """A board, its address and its tokens."""

    board: Board
    access: Access
    port: int

    @property
    def url(self) -> str:
        """The address without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    def cookie(self, role: Role) -> dict[str, str]:
        """Return the header of who has logged in."""
        token = self.access.tokens[role]
        return {"cookie": f"{self.access.cookie}={token}"}

    def ask(
        self,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """Return an answer; with a body, the request is a POST."""
        with urllib3.PoolManager(retries=False) as pool:
            return pool.request(
                "GET" if body is None else "POST",
                f"{self.url}/{path}",
                body=body,
                headers=headers,
                redirect=False,
                timeout=_SECONDS,
            )


@contextmanager
def served(paper: PaperClass, port: int = 0) -> Iterator[Served]:
    """Serve the board of a class as long as the block runs."""
    folder = paper.course.folder / "board"
    folder.mkdir(exist_ok=True)
    access = open_access(folder)
    store = Store(folder / "board.sqlite")
    board = Board(store, paper.admission())
    server = make_server(board, access)
    with socket.create_server(("127.0.0.1", port)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield Served(board, access, port)
        finally:
            server.should_exit = True
            thread.join(_SECONDS)
            store.close()
    assert not thread.is_alive()
