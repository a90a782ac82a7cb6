"""Run programs and keep what they write, up to a limit.

A machine of a student's may write without an end: a page that never stops, a
file of gigabytes. What is kept of it is bounded, and reading takes time in
proportion to what is written.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence

Result: TypeAlias = "subprocess.CompletedProcess[str]"

# Bytes that are kept of one stream: no probe needs more.
LIMIT: Final = 1_000_000
# The same for listings of a whole machine, or of all that an engine has.
LISTING_LIMIT: Final = 32_000_000
CUT: Final = "\n... cut\n"
_CHUNK: Final = 65536
# No end mark is longer.
_OVERLAP: Final = 64


class TooSlow(subprocess.TimeoutExpired):
    """A program took too long; has what it wrote until then."""

    def __init__(
        self, argv: Sequence[str], seconds: float, out: str, error: str
    ) -> None:
        """Keep the output as text."""
        super().__init__(argv, seconds)
        self.out, self.error = out, error


class Stream:
    """The beginning of what a program writes, up to an end mark.

    The first group of the mark is an exit status: `code`.
    """

    def __init__(
        self, limit: int = LIMIT, end: re.Pattern[bytes] | None = None
    ) -> None:
        """Keep at most `limit` bytes, and nothing after `end`."""
        self.code: int | None = None
        self._limit = limit
        self._end = end
        self._kept = bytearray()
        self._size = 0
        self._last = b""

    def add(self, chunk: bytes) -> bool:
        """Take the next bytes; return whether they are the last ones."""
        start = self._size - len(self._last)
        self._size += len(chunk)
        self._kept += chunk[: max(0, self._limit - len(self._kept))]
        # The mark may be in several chunks, and is in nothing before them.
        window = self._last + chunk
        match = self._end.search(window) if self._end else None
        if match:
            self.code = int(match[1])
            self._size = start + match.start()
            del self._kept[self._size :]
            return True
        self._last = window[-_OVERLAP:]
        return not chunk

    @property
    def text(self) -> str:
        """What was written, with `CUT` in place of what is too much."""
        text = self._kept.decode(errors="replace")
        return text + CUT if self._size > len(self._kept) else text


def read(streams: Mapping[IO[bytes], Stream], deadline: float | None) -> bool:
    """Read pipes to their ends; return False if the deadline is earlier."""
    with selectors.DefaultSelector() as waiting:
        for pipe in streams:
            waiting.register(pipe, selectors.EVENT_READ, streams[pipe])
        while waiting.get_map():
            left = _left(deadline)
            if left == 0:
                return False
            for key, _ in waiting.select(left):
                if key.data.add(os.read(key.fd, _CHUNK)):
                    waiting.unregister(key.fileobj)
    return True


def run(  # noqa: PLR0913 - what a program gets, and what is kept of it
    argv: Sequence[str],
    *,
    timeout: float | None = None,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
    limit: int = LIMIT,
    new_session: bool = True,
) -> Result:
    """Run a program and return its output.

    What is too slow is killed, with all processes that it has started.

    Raises:
        OSError: it cannot be run.
        TooSlow: it took longer than `timeout` seconds.

    """
    deadline = None if timeout is None else time.monotonic() + timeout
    with tempfile.TemporaryFile() as text:
        text.write(stdin.encode())
        text.seek(0)
        process = subprocess.Popen(
            argv,
            stdin=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=env,
            # A terminal's Ctrl-C would end the client, not what it asked for.
            start_new_session=new_session,
        )
    out, error = Stream(limit), Stream(limit)
    with process:
        assert process.stdout  # noqa: S101 - a pipe, as asked for
        assert process.stderr  # noqa: S101 - a pipe, as asked for
        try:
            read({process.stdout: out, process.stderr: error}, deadline)
            code = process.wait(_left(deadline))
        except subprocess.TimeoutExpired:
            for pid in _with_descendants(process.pid):
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            raise TooSlow(argv, timeout or 0, out.text, error.text) from None
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(argv, code, out.text, error.text)


def terminate_children() -> None:
    """Send SIGTERM to what this process has started and that still runs."""
    for pid, parent in _processes():
        if parent == os.getpid():
            with suppress(OSError):
                os.kill(pid, signal.SIGTERM)


def _with_descendants(pid: int) -> list[int]:
    pairs = _processes()
    found = [pid]
    for parent in found:
        found += [child for child, above in pairs if above == parent]
    return found


def _processes() -> list[tuple[int, int]]:
    """Return all processes, each with its parent; none if that is unknown."""
    try:
        done = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid="],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    lines = (line.split() for line in done.stdout.splitlines())
    return [(int(pid), int(parent)) for pid, parent in lines]


def _left(deadline: float | None) -> float | None:
    """Return the seconds until a deadline, None if there is none."""
    return None if deadline is None else max(deadline - time.monotonic(), 0)
