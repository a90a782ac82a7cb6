"""Where the board listens, and that it does so once."""

from __future__ import annotations

import signal
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from graders.classroom.board.server import (
    Address,
    parse_address,
    serve,
)
from tests.paper_class import PaperClass

if TYPE_CHECKING:
    from pathlib import Path

    from graders.classroom.board.access import Access


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("127.0.0.1:8765", "http://127.0.0.1:8765"),
        ("[::1]:80", "http://[::1]:80"),
        ("0.0.0.0:1", "http://127.0.0.1:1"),
        ("[::]:1", "http://[::1]:1"),
        ("127.0.0.9:80", "http://127.0.0.9:80"),
        # The teacher's pages open on this computer only.
        ("192.0.2.7:65535", "http://127.0.0.1:65535"),
        ("[2001:db8::7]:80", "http://127.0.0.1:80"),
    ],
)
def test_addresses(text: str, url: str) -> None:
    """The teacher's browser finds each of them."""
    assert parse_address(text).url == url


def test_loopback_is_there_with_another_address() -> None:
    """Or the teacher could not open the pages."""
    assert Address("192.0.2.7", 80).hosts == ("192.0.2.7", "127.0.0.1")
    for host in ("127.0.0.1", "::1", "0.0.0.0", "::"):  # noqa: S104 - a teacher may
        assert Address(host, 80).hosts == (host,)


def test_ctrl_c(tmp_path: Path) -> None:
    """It is announced when it can be reached, and ends as it was asked."""
    paper = PaperClass(tmp_path / "class")
    reached: list[str] = []

    def announce(address: Address, access: Access) -> None:
        del access
        with socket.create_connection((address.host, address.port), 20):
            reached.append(address.url)
        main = threading.main_thread().ident
        assert main
        timer = threading.Timer(1, signal.pthread_kill, (main, signal.SIGINT))
        timer.start()

    serve(paper.course, Address("127.0.0.1", 0), announce)
    assert len(reached) == 1
