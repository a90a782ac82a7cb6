"""A seat's service in another process, with a shell of this computer.

`python -m tests.seats SOCKET UID FOLDER` runs one whose sandbox is a local
bash, and which notes in a file of the folder what the shell is asked.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graders.classroom.seats.protocol import (
    FROM_SERVICE,
    Decoder,
    Kind,
    Request,
    Size,
    pack,
)
from graders.classroom.seats.seat import Seat
from graders.classroom.seats.seat_shell import NoLab
from graders.classroom.seats.service import Service
from graders.providers.child import Child
from graders.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from graders.providers.relay import Answer

STUDENT: Final = "ada"
# A terminal of this size has no lab.
NO_LAB_SIZE: Final = Size(11, 111)
# A verb that is refused, to see that times are heeded.
NOT_NOW: Final = "quiz"
_NOTES: Final = "notes"
_WAIT_S: Final = 90.0


class LocalShell:
    """The shell of a seat without a sandbox."""

    def __init__(self, folder: Path, commands: Mapping[str, Answer]) -> None:
        """Note in a folder what is asked."""
        self._folder = folder
        self.commands = commands

    def start(
        self, words: Sequence[str], number: int, size: Size | None
    ) -> Child:
        """See Shell."""
        self._note(f"start {number}")
        if size and size == NO_LAB_SIZE:
            raise NoLab("no lab is running yet")
        program = ["-c", words[0]] if words else ["--norc"]
        environment = os.environ | {"PS1": "seat$ ", "HISTFILE": ""}
        return Child(
            ["bash", *program],
            environment,
            self._folder,
            (size.rows, size.columns) if size else None,
        )

    def hang_up(self, number: int) -> None:
        """See Shell."""
        self._note(f"hang up {number}")

    def fetch(self) -> None:
        """See Shell."""
        self._note("fetch")

    def renew(self) -> None:
        """See Shell."""
        self._note("renew")

    def save(self) -> None:
        """See Shell."""
        self._note("save")

    def close(self) -> None:
        """See Shell."""
        self._note("close")

    def _note(self, text: str) -> None:
        with (self._folder / _NOTES).open("a") as notes:
            notes.write(f"{text}\n")


@dataclass(frozen=True)
class Running:
    """A service that runs, and what it noted."""

    path: Path
    folder: Path
    process: subprocess.Popen[str]

    @property
    def notes(self) -> list[str]:
        """What the shell was asked so far."""
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / _NOTES).read_text().splitlines()
        return []

    def answers(self) -> bool:
        """Tell whether it listens."""
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self.path)) == 0

    def connect(self) -> socket.socket:
        """Return a connection that fails if it waits for long."""
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(_WAIT_S)
        client.connect(str(self.path))
        return client

    @contextlib.contextmanager
    def asking(
        self, *words: str, size: Size | None = None
    ) -> Iterator[Asking]:
        """Ask for something, and go on while it is done."""
        with self.connect() as client:
            # Who is refused may be so before this is sent.
            with contextlib.suppress(BrokenPipeError):
                client.sendall(pack(Kind.REQUEST, Request(words, size).pack()))
            yield Asking(client)

    def ask(
        self, *words: str, size: Size | None = None, typed: bytes = b""
    ) -> Asking:
        """Have a request done; return what came of it."""
        with self.asking(*words, size=size) as asking:
            with contextlib.suppress(BrokenPipeError):
                if typed:
                    asking.send(Kind.INPUT, typed)
                asking.send(Kind.INPUT_END)
            return asking.ended()


class Asking:
    """A request, and what has been answered until now.

    `code` is None if the service has not said that it is done.
    """

    def __init__(self, client: socket.socket) -> None:
        """Keep the connection."""
        self.client = client
        self.out = b""
        self.error = b""
        self.code: int | None = None
        self._decoder = Decoder(FROM_SERVICE)

    def send(self, kind: Kind, content: bytes = b"") -> None:
        """Send a message."""
        self.client.sendall(pack(kind, content))

    def ended(self) -> Asking:
        """Read to the end."""
        while self._read():
            pass
        return self

    def shows(self, text: bytes) -> None:
        """Read until the output has a text."""
        while text not in self.out:
            assert self._read(), self.out + self.error

    def _read(self) -> bool:
        try:
            data = self.client.recv(65536)
        except ConnectionResetError:
            # The service did not read all that was sent.
            data = b""
        for kind, content in self._decoder.feed(data):
            if kind is Kind.OUTPUT:
                self.out += content
            elif kind is Kind.ERROR:
                self.error += content
            else:
                self.code = content[0]
        return bool(data)


@contextlib.contextmanager
def running(folder: Path, uid: int | None = None) -> Iterator[Running]:
    """Run a service in a folder with a short path, until the end."""
    path = folder / "seat.sock"
    account = os.geteuid() if uid is None else uid
    with subprocess.Popen(
        [sys.executable, "-m", "tests.seats", path, str(account), folder],
        cwd=ROOT,
        env=os.environ | {"METALLB_LAB_STATE": str(folder / "state")},
        text=True,
    ) as process:
        try:
            ours = Running(path, folder, process)
            when(ours.answers)
            yield ours
        finally:
            process.terminate()


def children(pid: int) -> list[str]:
    """Return the command lines of a process's children, without zombies."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "stat").read_text().rpartition(") ")[2].split()
            if words[1] == str(pid) and words[0] != "Z":
                line = (folder / "cmdline").read_text()
                found.append(line.replace("\0", " "))
    return found


def when(holds: object) -> None:
    """Wait until something holds.

    Raises:
        TimeoutError: it does not come to hold.

    """
    assert callable(holds)
    deadline = time.monotonic() + _WAIT_S
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)


def _refusal(verb: str, lab: str) -> str:
    del lab
    return "not in this lesson" if verb == NOT_NOW else ""


def main() -> None:
    """Run the service of the arguments."""
    path, uid, folder = sys.argv[1:]
    seat = Seat(STUDENT, _refusal, partial(LocalShell, Path(folder)))
    Service(seat, Path(path), int(uid)).run()


if __name__ == "__main__":
    main()
