"""A process on a terminal of its own, or on pipes.

Its ends are read and written without waiting, next to those of others.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_CHUNK: Final = 32768
# Reads of what a process has left behind, which others may still write to, and
# seconds that each waits.
_LAST_READS: Final = 16
_LAST_S: Final = 0.2
# Seconds that a process has to end by itself, once it is hung up.
_PATIENCE_S: Final = 30.0
# A signal's exit status, as shells report it.
_BY_SIGNAL: Final = 128


class Child:
    """A process and all that it starts, until it is closed.

    `input` is the file to write to, None once that is at its end. `outputs`
    are the files to read: that of its terminal, or those of standard output
    and of standard error, `errors`. `ended` can be read once it has ended.
    """

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        size: tuple[int, int] | None = None,
    ) -> None:
        """Start it; on a terminal with `size`, rows and columns.

        Raises:
            OSError: it cannot be run.

        """
        self.on_terminal = size is not None
        self._files, theirs = _terminal(size) if size else _pipes()
        try:
            self._process = subprocess.Popen(
                # It makes the terminal the one of the new session.
                ["setsid", "--ctty", *argv] if size else argv,
                stdin=theirs[0],
                stdout=theirs[1],
                stderr=theirs[2],
                env=environment,
                cwd=folder,
                start_new_session=not size,
            )
        except BaseException:
            _close(self._files)
            raise
        finally:
            _close(theirs)
        for file in self._files:
            os.set_blocking(file, False)
        self.input: int | None = self._files[0]
        self.outputs = self._files[-2:]
        self.errors = None if size else self._files[-1]
        self.ended = os.pidfd_open(self._process.pid)

    def read(self, output: int) -> bytes:
        """Return what is there to read; leave out an output at its end."""
        try:
            data = os.read(output, _CHUNK)
        except BlockingIOError:
            return b""
        except OSError:
            # A terminal that no process has open any more.
            data = b""
        if not data:
            self.outputs.remove(output)
        return data

    def read_rest(self, output: int) -> bytes:
        """Return what is left in an output after the end."""
        parts: list[bytes] = []
        while len(parts) < _LAST_READS and output in self.outputs:
            # A terminal passes on the last of it a moment later.
            if not select.select([output], [], [], _LAST_S)[0]:
                break
            parts.append(self.read(output))
        return b"".join(parts)

    def write(self, data: bytes) -> int:
        """Write what fits now; return how much of it is done with."""
        if self.input is None:
            return len(data)
        try:
            return os.write(self.input, data)
        except BlockingIOError:
            return 0
        except OSError:
            self.end_input()
            return len(data)

    def end_input(self) -> None:
        """End standard input; a terminal's has no end."""
        if self.input is not None and not self.on_terminal:
            self._files.remove(self.input)
            os.close(self.input)
        self.input = None

    def resize(self, rows: int, columns: int) -> None:
        """Change the size of its terminal."""
        if self.on_terminal and self._files:
            _resize(self._files[0], rows, columns)

    def signal(self, number: int) -> None:
        """Send a signal to the process and those of its group."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def close(self) -> int:
        """Hang up, and wait for the end; return the exit status."""
        # A terminal tells its session that it is gone.
        _close(self._files)
        self.input, self.outputs, self._files = None, [], []
        if not self.on_terminal:
            self.signal(signal.SIGHUP)
        try:
            code = self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            code = self._process.wait()
        os.close(self.ended)
        return _BY_SIGNAL - code if code < 0 else code


def _terminal(size: tuple[int, int]) -> tuple[list[int], list[int]]:
    """Return a terminal's end for this process, and those for another."""
    ours, theirs = os.openpty()
    _resize(ours, *size)
    return [ours], [theirs, theirs, theirs]


def _pipes() -> tuple[list[int], list[int]]:
    """Return the same for pipes: of input, output and errors."""
    pipes = [os.pipe()[::-1], os.pipe(), os.pipe()]
    return [ours for ours, _ in pipes], [theirs for _, theirs in pipes]


def _resize(terminal: int, rows: int, columns: int) -> None:
    size = struct.pack("4H", rows, columns, 0, 0)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)


def _close(files: Iterable[int]) -> None:
    for file in set(files):
        os.close(file)
