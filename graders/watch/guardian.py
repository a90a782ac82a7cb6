"""Leave the terminal as it was, whatever ends the program that used it.

The program runs in a child. If that is killed, its parent restores the
terminal; if the parent is killed, the child notices and ends by itself.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from graders.interrupts import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Leave the other screen, show the cursor, end reports of mouse, focus, paste
# and keys, and use the usual colours.
RESTORE: Final = (
    "\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l"
    "\x1b[?1006l\x1b[?2004l\x1b[?2048l\x1b[?2026l\x1b[0m\r"
)
_KILLED: Final = 128


def guarded(body: Callable[[int], int]) -> int:
    """Run `body` in a child process; return its exit code.

    `body` gets a file that is at its end once the parent is gone.
    """
    terminal = sys.stdin.fileno()
    modes = termios.tcgetattr(terminal)
    alive, parent_end = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    # A signal that comes before it can be passed on waits until it can.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(parent_end)
        os._exit(_run(body, alive))
    os.close(alive)
    with _signals_to(child):
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code < 0:
        sys.stdout.write(RESTORE)
        sys.stdout.flush()
    with suppress(termios.error):
        termios.tcsetattr(terminal, termios.TCSADRAIN, modes)
        # Answers of the terminal to what the child asked it.
        termios.tcflush(terminal, termios.TCIFLUSH)
    os.close(parent_end)
    return _KILLED - code if code < 0 else code


def _run(body: Callable[[int], int], alive: int) -> int:
    """Return the exit code of `body`, which may end by SystemExit."""
    try:
        code = body(alive)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    return code


@contextmanager
def _signals_to(child: int) -> Iterator[None]:
    """Pass signals that ask to end on to the child."""

    def pass_on(number: int, _: object) -> None:
        # A terminal's Ctrl-C reaches the child, too.
        if number != signal.SIGINT:
            with suppress(ProcessLookupError):
                os.kill(child, number)

    before = {
        number: signal.signal(number, pass_on)
        for number in SIGNALS
        # nohup has it ignored: keep it so.
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
