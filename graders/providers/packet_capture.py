"""Capture packets of a machine as pcap, bounded in time and size."""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from typing import IO, TYPE_CHECKING, Final

from graders.errors import UsageError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The first four bytes of a file name the order of bytes in its numbers.
_ORDERS: Final[dict[bytes, bool]] = {
    b"\xd4\xc3\xb2\xa1": True,
    b"\x4d\x3c\xb2\xa1": True,
    b"\xa1\xb2\xc3\xd4": False,
    b"\xa1\xb2\x3c\x4d": False,
}
_FILE_HEADER: Final = 24
_PACKET_HEADER: Final = 16
_LENGTH: Final = slice(8, 12)
# tcpdump writes no longer packets.
_LONGEST: Final = 262_144
# A machine that is paused does not end its tcpdump.
_GRACE_S: Final = 10
# Bytes of what tcpdump says.
_SHOWN: Final = 200


@dataclass
class Capture:
    """What is captured, and how much of it there is so far."""

    machine: str
    seconds: int
    max_bytes: int
    packets: int = 0
    size: int = 0

    def run(
        self, prefix: Sequence[str], expression: Sequence[str], out: IO[bytes]
    ) -> None:
        """Write whole packets to `out` until time or size is up.

        Raises:
            UsageError: tcpdump is not there, or refuses the expression.

        """
        limit = ["timeout", "-s", "INT", str(self.seconds)]
        tcpdump = ["tcpdump", "-U", "-n", "-i", "any", "-w", "-", *expression]
        with tempfile.TemporaryFile() as errors:
            argv = [*prefix, *limit, *tcpdump]
            with _started(argv, errors, self.seconds) as running:
                assert running.stdout  # noqa: S101 - a pipe, as asked for
                for part in self._parts(running.stdout):
                    out.write(part)
                    out.flush()
            errors.seek(0)
            problem = errors.read(_SHOWN).decode(errors="replace")
        if not self.size:
            raise UsageError(
                f"tcpdump on {self.machine}: {one_line(problem) or 'nothing'}",
                remedy="nodes have none; router, client, lan-client, dhcp and"
                " desk do",
            )

    def _parts(self, pipe: IO[bytes]) -> Iterator[bytes]:
        """Yield the head of the file, and then each whole packet."""
        head = pipe.read(_FILE_HEADER)
        little = _ORDERS.get(head[:4])
        if little is None or len(head) < _FILE_HEADER:
            return
        self.size = len(head)
        yield head
        while packet := _packet(pipe, little=little):
            if self.size + len(packet) > self.max_bytes:
                self.size = self.max_bytes
                return
            self.packets += 1
            self.size += len(packet)
            yield packet


def _packet(pipe: IO[bytes], *, little: bool) -> bytes:
    """Return the next whole packet; b"" at the end, or for none."""
    head = pipe.read(_PACKET_HEADER)
    length = int.from_bytes(head[_LENGTH], "little" if little else "big")
    if len(head) < _PACKET_HEADER or length > _LONGEST:
        return b""
    body = pipe.read(length)
    return head + body if len(body) == length else b""


@contextmanager
def _started(
    argv: Sequence[str], errors: IO[bytes], seconds: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a `with` block, and end it there."""
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        # Ctrl-C ends the capture, and what came before it is complete.
        start_new_session=True,
    ) as running:
        late = Timer(seconds + _GRACE_S, running.kill)
        late.start()
        try:
            yield running
        finally:
            late.cancel()
            running.kill()
