"""The way into a seat: the login shell of a student's account.

It asks the seat's service for a shell, or for what was typed after `ssh`, and
passes on what is typed and shown. It can do no more than the account, and
uses Python's library only: see `client_file`.
"""

from __future__ import annotations

import os
import pwd
import select
import shlex
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graders.classroom.seats.protocol import (
    FROM_SERVICE,
    LINE,
    LONGEST_WORD,
    LOST,
    NO_LAB,
    WORDS,
    Decoder,
    Kind,
    ProtocolError,
    Request,
    pack,
)
from graders.classroom.seats.terminal import Wakeup, raw, terminal_size
from graders.watch.guardian import RESTORE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SOCKET: Final = "LAB_SEAT_SOCKET"
_SOCKETS: Final = Path("/run/lab-seats")
_MISUSED: Final = 2
_ENDED_BY: Final = 128
_CHUNK: Final = 32768
_ROOM: Final = 256 * 1024
_IN, _OUT, _ERR = range(3)
_NO_SERVICE: Final = (
    "lab: the service of this seat does not answer; try again in a minute,"
    " then ask your teacher\n"
)
_LOST: Final = "\r\nlab: the service of this seat has ended; log in again\r\n"
_TOO_LONG: Final = "lab: the command is too long for a seat\n"
_FIRST: Final = "`start 1` starts lab 1, `help` shows more, `exit` leaves.\n"


def main() -> None:
    """Do what the account was opened for."""
    try:
        words = requested(sys.argv, os.environ)
        code = ask(words)
        if code == NO_LAB and not words and os.isatty(_IN):
            code = _choose()
    except KeyboardInterrupt:
        code = _ENDED_BY + signal.SIGINT
    sys.exit(code)


def requested(
    argv: Sequence[str], environment: Mapping[str, str]
) -> list[str]:
    """Return the words of the request: none for a shell.

    sshd runs the account's shell with -c and what was typed. With a forced
    command that is this program, and what was typed is in the environment.
    """
    program, *words = argv
    if typed := environment.get("SSH_ORIGINAL_COMMAND"):
        return [LINE, typed]
    if words[:1] == [LINE]:
        forced = Path(words[1]).name == Path(program).name
        return [] if forced else words[:2]
    return words


def socket_path(environment: Mapping[str, str]) -> Path:
    """Return where the service of this account's seat listens."""
    if named := environment.get(SOCKET):
        return Path(named)
    account = pwd.getpwuid(os.getuid()).pw_name
    return _SOCKETS / f"{account}.sock"


def ask(words: Sequence[str]) -> int:
    """Have a request done; return its exit status."""
    if len(words) > WORDS or any(len(it) > LONGEST_WORD for it in words):
        _write(_ERR, _TOO_LONG.encode())
        return _MISUSED
    with socket.socket(socket.AF_UNIX) as service:
        try:
            service.connect(str(socket_path(os.environ)))
        except OSError:
            _write(_ERR, _NO_SERVICE.encode())
            return LOST
        screen = os.isatty(_IN) and os.isatty(_OUT)
        with Wakeup() as wakeup, raw(_IN if screen else None):
            client = Client(service, wakeup, screen=screen)
            code = client.run(words)
        if client.lost:
            _write(_ERR, ((RESTORE if screen else "") + _LOST).encode())
        return code


class Client:
    """One request, and the bytes that go with it."""

    def __init__(
        self, service: socket.socket, wakeup: Wakeup, *, screen: bool
    ) -> None:
        """Keep both; with `screen`, there is a terminal."""
        service.setblocking(False)  # noqa: FBT003 - the library's
        self.lost = False
        self._service = service
        self._wakeup = wakeup
        self._screen = screen
        self._to_service = bytearray()
        self._decoder = Decoder(FROM_SERVICE)
        self._reading = True
        self._code: int | None = None

    def run(self, words: Sequence[str]) -> int:
        """Send the request, and pass bytes on until it is done."""
        size = terminal_size(_OUT) if self._screen else None
        term = os.environ.get("TERM") or "dumb"
        self._to_service += pack(
            Kind.REQUEST, Request(tuple(words), size, term).pack()
        )
        while self._code is None:
            self._turn()
        return self._code

    def _turn(self) -> None:
        """Wait for what can be read or written, and do that."""
        reads: list[int | socket.socket] = [
            self._service,
            self._wakeup.file,
        ]
        if self._reading and len(self._to_service) < _ROOM:
            reads.append(_IN)
        writes = [self._service] if self._to_service else []
        readable, writable, _ = select.select(reads, writes, [])
        if self._wakeup.file in readable:
            self._signals()
        if self._service in writable:
            self._send()
        if self._service in readable:
            self._receive()
        if _IN in readable:
            self._read()

    def _signals(self) -> None:
        for number in self._wakeup.signals():
            if number == signal.SIGWINCH and self._screen:
                size = terminal_size(_OUT).pack()
                self._to_service += pack(Kind.RESIZE, size)
            elif number == signal.SIGINT:
                self._to_service += pack(Kind.SIGNAL, b"INT")
            elif number in {signal.SIGTERM, signal.SIGHUP}:
                # The service notices that this end is closed.
                self._code = _ENDED_BY + number

    def _read(self) -> None:
        """Read what is typed."""
        try:
            data = os.read(_IN, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._reading = bool(data)
        kind = Kind.INPUT if data else Kind.INPUT_END
        self._to_service += pack(kind, data)

    def _send(self) -> None:
        try:
            sent = self._service.send(self._to_service)
        except BlockingIOError:
            return
        except OSError:
            # What it said last may still be there to read.
            self._to_service.clear()
            self._reading = False
            return
        del self._to_service[:sent]

    def _receive(self) -> None:
        """Show what the service sends."""
        try:
            data = self._service.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        try:
            for kind, content in self._decoder.feed(data):
                self._show(kind, content)
        except ProtocolError:
            data = b""
        if not data and self._code is None:
            self.lost = True
            self._code = LOST

    def _show(self, kind: Kind, content: bytes) -> None:
        if kind is Kind.EXIT:
            self._code = content[0] if content else LOST
        elif kind is Kind.ERROR and self._screen:
            _write(_ERR, content.replace(b"\n", b"\r\n"))
        else:
            _write(_ERR if kind is Kind.ERROR else _OUT, content)


def _choose() -> int:
    """Take commands of the kit until a lab was started; return a status."""
    _write(_ERR, _FIRST.encode())
    while True:
        try:
            words = shlex.split(input("seat> "))
        except EOFError:
            _write(_ERR, b"\n")
            return 0
        except ValueError as error:
            _write(_ERR, f"lab: {error}\n".encode())
            continue
        except KeyboardInterrupt:
            _write(_ERR, b"\n")
            continue
        if words in (["exit"], ["logout"]):
            return 0
        if words == ["help"]:
            words = ["lab"]
        if words and ask(words) == 0 and "start" in words[:2]:
            return ask([])


def _write(file: int, content: bytes) -> None:
    """Write all of it, also to a file that takes little at a time."""
    rest = memoryview(content)
    while rest:
        try:
            rest = rest[os.write(file, rest) :]
        except BlockingIOError:
            select.select([], [file], [])
        except OSError:
            # Whoever reads has gone; so does this.
            sys.exit(LOST)


if __name__ == "__main__":
    main()
