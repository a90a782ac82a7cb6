"""The service of one seat: it runs the kit for a student who may not.

The kit's account runs one for each seat. It listens at a unix socket and
knows by the operating system which account asks: the student's, or its own.
It takes requests for its student's lab, and nothing else.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import socket
import struct
import sys
import threading
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graders.classroom.seats.connection import Gone
from graders.classroom.seats.protocol import ProtocolError
from graders.classroom.seats.seat import Seat
from graders.classroom.seats.times_file import refusals
from graders.classroom.seats.window import Window
from graders.environment import remove_misleading
from graders.errors import (
    CannotCheck,
    KitError,
    UsageError,
    explaining,
    one_line,
)
from graders.files import held
from graders.interrupts import collected_signals
from graders.plan.networks import check_student

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

# Clients at a time: windows of a student.
CLIENTS: Final = 8
_CREDENTIALS: Final = struct.Struct("3i")
# Homes are kept and shells whose time is over are ended this often; what a
# student does in between may be lost with the machine's power.
_TIDY_S: Final = 60.0
# Who waits for the service while it ends is asked to wait no longer.
_END_S: Final = 60.0


class Service:
    """The service at a socket, for `uid` and this process's own account."""

    def __init__(self, seat: Seat, path: Path, uid: int) -> None:
        """Keep them; nothing is opened yet."""
        self._seat = seat
        self._path = path
        self._allowed = {uid, os.geteuid()}
        self._uid = uid
        self._windows: set[Window] = set()
        self._threads: set[threading.Thread] = set()

    def run(self) -> None:
        """Serve until a signal asks to end.

        Raises:
            KitError: the socket cannot be opened.

        """
        with (
            _alone(self._path),
            _listening(self._path, self._uid) as listener,
            collected_signals() as signals,
            _woken_by_signals() as woken,
        ):
            try:
                while not signals:
                    files = [listener, woken]
                    ready, _, _ = select.select(files, [], [], _TIDY_S)
                    if listener in ready:
                        self._accept(listener)
                    elif not ready:
                        threading.Thread(target=self._seat.tidy).start()
            finally:
                self._end()

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except OSError:
            # It left at once, or there are no files left for it.
            return
        uid = _peer(client)
        if refusal := self._refusal(uid):
            _refuse(client, refusal)
            return
        window = Window(client, of_kit=uid != self._uid)
        self._windows.add(window)
        thread = threading.Thread(
            target=self._serve, args=(window,), daemon=True
        )
        self._threads.add(thread)
        thread.start()

    def _refusal(self, uid: int) -> str:
        """Return why a client is not served, "" if it is."""
        if uid not in self._allowed:
            return f"this is the seat of {self._seat.student}, and not yours"
        if len(self._windows) >= CLIENTS:
            return f"this seat has {CLIENTS} windows open already; close one"
        return ""

    def _serve(self, window: Window) -> None:
        """Serve one client; whatever it does costs its own connection."""
        try:
            _answer(window, self._seat)
        finally:
            window.close()
            self._windows.discard(window)
            self._threads.discard(threading.current_thread())

    def _end(self) -> None:
        """Tell all clients, and close the seat's shell."""
        for window in [*self._windows]:
            window.stop()
        for thread in [*self._threads]:
            thread.join(_END_S)
        self._seat.close()


def _answer(window: Window, seat: Seat) -> None:
    """Do what one client asks for, and tell it how that ended."""
    with suppress(Gone):
        try:
            code = seat.serve(window.connection.request(), window)
        except ProtocolError as error:
            code = _said(window, UsageError(str(error)))
        except KitError as error:
            code = _said(window, error)
        except OSError as error:
            problem = error.strerror or type(error).__name__
            code = _said(window, CannotCheck(f"the machine: {problem}"))
        window.connection.end(code)


def _said(window: Window, error: KitError) -> int:
    """Tell the client of an error; return its exit code."""
    for line in str(error).splitlines():
        window.connection.say(f"lab: {line}\n")
    return error.exit_code


def _refuse(client: socket.socket, reason: str) -> None:
    """Tell a client why it is not served, if it can be told at once."""
    window = Window(client)
    window.connection.say(f"lab: {reason}\n")
    try:
        window.connection.end(UsageError.exit_code, 0)
    except Gone:
        return
    finally:
        window.close()


def _peer(client: socket.socket) -> int:
    """Return the account of a client, as the operating system knows it."""
    found = client.getsockopt(
        socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size
    )
    return int(_CREDENTIALS.unpack(found)[1])


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the place of a socket."""
    lock = path.with_name(f"{path.name}.lock")
    busy = CannotCheck(
        f"another service of a seat is at {path}", remedy="end that first"
    )
    with ExitStack() as stack:
        with _creating(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.touch(0o600)
            stack.enter_context(held(lock, busy))
        yield


@contextmanager
def _listening(path: Path, uid: int) -> Iterator[socket.socket]:
    """Listen at a socket that only one account may open.

    An account that may not give it away lets others knock, and refuses them.
    """
    with socket.socket(socket.AF_UNIX) as listener:
        with _creating(path):
            path.unlink(missing_ok=True)
            listener.bind(str(path))
            if os.geteuid() == 0:
                os.chown(path, uid, -1)
                path.chmod(0o600)
            else:
                path.chmod(0o666)
            listener.listen(CLIENTS)
        listener.setblocking(False)  # noqa: FBT003 - the library's
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)


def _creating(path: Path) -> AbstractContextManager[None]:
    return explaining(
        f"could not create {path}",
        "name a folder that this account may write, in a short path",
        CannotCheck,
    )


@contextmanager
def _woken_by_signals() -> Iterator[socket.socket]:
    """Return a socket that can be read once a signal has come."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)  # noqa: FBT003 - the library's
        before = signal.set_wakeup_fd(theirs.fileno())
        try:
            yield ours
        finally:
            signal.set_wakeup_fd(before)


def _always(verb: str, lab: str) -> str:
    """Allow everything at any time."""
    del verb, lab
    return ""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the service that the arguments describe."""
    parser = argparse.ArgumentParser(prog="seat", description=__doc__)
    parser.add_argument("--student", required=True)
    parser.add_argument(
        "--uid", type=int, required=True, help="the student's account"
    )
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--times", type=Path, help="the class's times.yml")
    options = parser.parse_args(argv)
    remove_misleading(os.environ)
    try:
        check_student(options.student)
        refusal = (
            refusals(options.times, options.student)
            if options.times
            else _always
        )
        seat = Seat(options.student, refusal)
        Service(seat, options.socket, options.uid).run()
    except KitError as error:
        sys.stderr.write(f"seat: {one_line(str(error))}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
