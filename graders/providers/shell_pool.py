"""Shells that are kept open on machines, so that only the first one waits.

To get into a container takes 0.15 s, a command in a shell that is there
takes 0.01 s, and a grading has dozens of them. Several commands at once on
one machine have a shell each.
"""

from __future__ import annotations

import atexit
import os
import re
import secrets
import selectors
import shlex
import subprocess
import time
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Done: TypeAlias = "subprocess.CompletedProcess[str]"

_CHUNK: Final = 65536


class _Shell:
    """One shell on a machine; `gone` once it has ended."""

    def __init__(self, prefix: Sequence[str]) -> None:
        self.gone = False
        self._process = subprocess.Popen(
            [*prefix, "sh"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )

    def run(self, argv: Sequence[str], seconds: float) -> Done:
        """Run a program there; where the shell ends, return how it did.

        Raises:
            subprocess.TimeoutExpired: it took longer than `seconds`.

        """
        deadline = time.monotonic() + seconds
        mark = secrets.token_hex(8)
        # `env` runs the program, where a shell may have its own of that name.
        typed = f"env {shlex.join(argv)} </dev/null; echo {mark} $?"
        self._type(f"{typed}; echo {mark} 0 >&2\n")
        end = re.compile(rf"{mark} (\d+)\n".encode())
        heard = self._hear(end, deadline)
        if heard is None:
            raise subprocess.TimeoutExpired(list(argv), seconds)
        (out, code), (error, _) = heard
        if code is None:
            self.gone = True
            code = self._process.wait()
        return subprocess.CompletedProcess(list(argv), code, out, error)

    def close(self) -> None:
        """End it; its machine ends what it still runs when that is done."""
        process = self._process
        process.kill()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                pipe.close()
        process.wait()

    def _type(self, line: str) -> None:
        assert self._process.stdin  # noqa: S101 - opened in __init__
        # Of one that has ended, what it said is still to be heard.
        with suppress(BrokenPipeError):
            self._process.stdin.write(line.encode())

    def _hear(
        self, end: re.Pattern[bytes], deadline: float
    ) -> list[tuple[str, int | None]] | None:
        """Return what both streams say and the code, None when too late."""
        heard = {}
        with selectors.DefaultSelector() as waiting:
            for pipe in (self._process.stdout, self._process.stderr):
                assert pipe  # noqa: S101 - opened in __init__
                waiting.register(pipe, selectors.EVENT_READ)
                heard[pipe.fileno()] = bytearray()
            while waiting.get_map():
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                for key, _ in waiting.select(left):
                    chunk = os.read(key.fd, _CHUNK)
                    heard[key.fd] += chunk
                    if not chunk or end.search(heard[key.fd]):
                        waiting.unregister(key.fileobj)
        return [_parted(bytes(text), end) for text in heard.values()]


def _parted(text: bytes, end: re.Pattern[bytes]) -> tuple[str, int | None]:
    """Return what stands before the end, and the code, None without one."""
    found = end.search(text)
    said = text[: found.start()] if found else text
    code = int(found[1]) if found else None
    return said.decode(errors="replace"), code


_KEPT: Final[defaultdict[tuple[str, ...], list[_Shell]]] = defaultdict(list)


def run(prefix: Sequence[str], argv: Sequence[str], seconds: float) -> Done:
    """Run a program where `prefix` leads, in a shell that was kept or anew.

    Raises:
        FileNotFoundError: there is no such command as `prefix` begins with.
        subprocess.TimeoutExpired: it took longer than `seconds`.

    """
    kept = _KEPT[tuple(prefix)]
    while True:
        try:
            shell, new = kept.pop(), False
        except IndexError:
            shell, new = _Shell(prefix), True
        try:
            done = shell.run(argv, seconds)
        except BaseException:
            shell.close()
            raise
        if not shell.gone:
            kept.append(shell)
            return done
        shell.close()
        # One that was kept went with its machine, and knows no reason: what
        # is wrong now, a new one says.
        if new:
            return done


@atexit.register
def close_all() -> None:
    """End all that were kept."""
    for kept in _KEPT.values():
        while kept:
            kept.pop().close()
