"""Keep shells open on machines, so that only the first command waits.

Entering a container takes 0.15 s, a command in an open shell 0.01 s, and a
grading runs dozens. Commands that run in parallel on one machine have a shell
each.
"""

from __future__ import annotations

import atexit
import re
import secrets
import shlex
import subprocess
import time
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from graders.environment import PROXIES
from graders.providers.capture import LIMIT, Stream, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.providers.capture import Result

# Neither a program of a student's own under /usr/local nor a proxy of the
# machine's environment comes between a probe and what it looks at.
_PREAMBLE: Final = (
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH; export PATH\n"
    f"unset {' '.join(PROXIES)}\n"
)


class _PooledShell:
    """One shell on a machine; `ended` once it is of no use."""

    def __init__(self, prefix: Sequence[str]) -> None:
        self.ended = False
        self._process = subprocess.Popen(
            [*prefix, "sh"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            # A terminal's Ctrl-C would end the client, not what runs there.
            start_new_session=True,
        )
        self._write(_PREAMBLE)

    def run(self, argv: Sequence[str], seconds: float, limit: int) -> Result:
        """Run a program there; if the shell itself ends, return its result.

        Raises:
            subprocess.TimeoutExpired: it took longer than `seconds`.

        """
        deadline = time.monotonic() + seconds
        mark = secrets.token_hex(8)
        # `env` runs the program even if the shell has a builtin of its name.
        line = f"env {shlex.join(argv)} </dev/null; echo {mark} $?"
        self._write(f"{line}; echo {mark} 0 >&2\n")
        end = re.compile(rf"{mark} (\d{{1,3}})\n".encode())
        process = self._process
        assert process.stdout  # noqa: S101 - opened in __init__
        assert process.stderr  # noqa: S101 - opened in __init__
        out, error = Stream(limit, end), Stream(limit, end)
        if not read({process.stdout: out, process.stderr: error}, deadline):
            raise subprocess.TimeoutExpired(list(argv), seconds)
        code = out.code
        if code is None:
            self.ended = True
            code = process.wait()
        return subprocess.CompletedProcess(
            list(argv), code, out.text, error.text
        )

    def close(self) -> None:
        """End it; a program that still runs on the machine ends by itself."""
        process = self._process
        process.kill()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                pipe.close()
        process.wait()

    def _write(self, line: str) -> None:
        assert self._process.stdin  # noqa: S101 - opened in __init__
        # A shell that has ended may have left output.
        with suppress(BrokenPipeError):
            self._process.stdin.write(line.encode())


_POOL: Final[defaultdict[tuple[str, ...], list[_PooledShell]]] = defaultdict(
    list
)


def run(
    prefix: Sequence[str],
    argv: Sequence[str],
    seconds: float,
    limit: int = LIMIT,
) -> Result:
    """Run a program behind `prefix`, in a pooled shell or a new one.

    Raises:
        FileNotFoundError: the first word of `prefix` is not a command.
        subprocess.TimeoutExpired: it took longer than `seconds`.

    """
    pool = _POOL[tuple(prefix)]
    while True:
        try:
            shell, new = pool.pop(), False
        except IndexError:
            shell, new = _PooledShell(prefix), True
        try:
            done = shell.run(argv, seconds, limit)
        except BaseException:
            shell.close()
            raise
        if not shell.ended:
            pool.append(shell)
            return done
        shell.close()
        # A pooled shell ended with its machine; a new one says what is wrong.
        if new:
            return done


@atexit.register
def close_all() -> None:
    """End all pooled shells, while other threads may take some."""
    for pool in [*_POOL.values()]:
        with suppress(IndexError):
            while True:
                pool.pop().close()
