"""Serve the command `on` to a container that has no engine.

The container gets a socket. Whoever asks there names a machine or node of one
lab, and a command for it; or a command of the kit, if the relay has some.
Nothing else can be asked. Arguments come as they are, no shell of this
computer reads them.
"""

from __future__ import annotations

import base64
import os
import socketserver
import subprocess
import threading
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from graders.providers import capture
from graders.providers.capture import LIMIT, TooSlow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

# Answers a command: its arguments, its standard input.
Answer: TypeAlias = "Callable[[Sequence[str], str], tuple[int, str, str]]"

ARGUMENTS: Final = "Arguments"
# Commands at a time: a shell's jobs, and no flood of processes.
PARALLEL: Final = 8
TIMEOUT_S: Final = 120.0
_OK: Final = 200
# A unix socket's path is no longer.
_ANYBODY: Final = 0o666
# Exit statuses, as shells use them.
_MISUSED: Final = 2
_REFUSED: Final = 75
_LATE: Final = 124
_MISSING: Final = 127


class Relay:
    """A socket that runs commands at `prefixes`, by place, while it is open.

    Each takes `seconds` at most.
    """

    def __init__(
        self,
        socket: Path,
        prefixes: Mapping[str, Sequence[str]],
        seconds: float = TIMEOUT_S,
        commands: Mapping[str, Answer] | None = None,
    ) -> None:
        """Open the socket; everybody who reaches it may ask."""
        self._prefixes = prefixes
        self._commands = commands or {}
        self._seconds = seconds
        self._free = threading.BoundedSemaphore(PARALLEL)
        self._server = _Server(str(socket), self._handler())
        socket.chmod(_ANYBODY)

    def __enter__(self) -> Self:
        """Begin to serve."""
        threading.Thread(
            target=self._server.serve_forever, args=(0.1,), daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the socket."""
        self._server.shutdown()
        self._server.server_close()

    def answer(
        self, place: str, argv: Sequence[str], stdin: str
    ) -> tuple[int, str, str]:
        """Return status, output and errors of a command at a place."""
        if place in self._commands:
            return self._commands[place](argv, stdin)
        if place not in self._prefixes:
            known = ", ".join(self._prefixes)
            return _MISUSED, "", f"on: machine must be one of {known}\n"
        if not argv:
            return _MISUSED, "", "on: expected a command\n"
        if not self._free.acquire(blocking=False):
            return _REFUSED, "", f"on: {PARALLEL} commands are running\n"
        try:
            return self._run([*self._prefixes[place], *argv], stdin)
        finally:
            self._free.release()

    def _run(self, argv: list[str], stdin: str) -> tuple[int, str, str]:
        try:
            done = capture.run(argv, timeout=self._seconds, stdin=stdin)
        except TooSlow as late:
            error = f"{late.error}on: no end within {self._seconds:.0f} s\n"
            return _LATE, late.out, error
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return _MISSING, "", f"on: {error}\n"
        return done.returncode, done.stdout, done.stderr

    def _handler(self) -> type[_Handler]:
        class Handler(_Handler):
            relay = self

        return Handler


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False


class _Handler(BaseHTTPRequestHandler):
    """One request: the place is the path, standard input the body.

    The answer is a line with status and bytes of output, then output and
    errors.
    """

    relay: Relay
    # Seconds that a request may take to arrive.
    timeout = 30

    def do_POST(self) -> None:
        """Run a command."""
        try:
            size = int(self.headers.get("Content-Length") or 0)
            words = base64.b64decode(
                self.headers.get(ARGUMENTS) or "", validate=True
            )
        except ValueError:
            self.send_error(400)
            return
        if not 0 <= size <= LIMIT:
            self.send_error(413)
            return
        stdin = self.rfile.read(size).decode(errors="replace")
        argv = [os.fsdecode(word) for word in words.split(b"\0")[:-1]]
        code, out, error = self.relay.answer(
            self.path.removeprefix("/"), argv, stdin
        )
        output = out.encode(errors="replace")
        head = f"{code} {len(output)}\n".encode()
        self._send(head + output + error.encode(errors="replace"))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Write no log."""

    def _send(self, body: bytes) -> None:
        self.send_response(_OK)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
