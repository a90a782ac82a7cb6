"""Type a walkthrough while `lab watch` runs, and time what it shows."""

from __future__ import annotations

import re
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

import pexpect

from graders.proof.typist import ShellSession

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from graders.course.walkthrough import Block, Walkthrough
    from graders.proof.typist import ShellSpec

VERDICT: Final = r"^\d\d:\d\d:\d\d (PASS|FAIL) "
RIGHT: Final = "All that can be seen is right"
SUMMARY: Final = rf"First broken layer: |Nothing failed, but|{RIGHT}"
# After this time a line has changed no verdict.
WAIT_S: Final = 10.0
# A verdict later than this belongs to the next line.
QUIET_S: Final = 3.0
_SHELL_S: Final = 120.0
_END_S: Final = 10.0
# What only reads cannot change a verdict. Other lines are waited for, so one
# that is missing here costs time and nothing else.
_READS: Final = re.compile(
    r"^(?:(k|kubectl) (get|describe|logs|wait|rollout status|cluster-info)\b"
    r"|(on \S+ )?(curl|arping|nstat|ss|grep|cat [^>]|dhcp-try|ip route show)"
    r"|(on \S+ )?vtysh -c [\"']?show|show |configure terminal|end$|write "
    r"|kind get|docker network (ls|inspect)|echo |for |\w+=|timeout )"
)


class PlainWatch:
    """`lab watch --plain` at a terminal, and when it printed each line."""

    def __init__(self, argv: Sequence[str], cwd: Path) -> None:
        """Start the command."""
        self.lines: list[tuple[float, str]] = []
        self._child: pexpect.spawn[str] = pexpect.spawn(
            argv[0],
            [*argv[1:]],
            cwd=str(cwd),
            encoding="utf-8",
            timeout=None,
            dimensions=(24, 500),
        )
        assert self._child.pid  # noqa: S101 - pexpect has started it
        self.pid: int = self._child.pid
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Self:
        """Return this watch."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.close()

    def _read(self) -> None:
        # `close` may close the terminal first.
        with suppress(OSError, ValueError):
            for line in self._child:
                self.lines.append((time.monotonic(), line.rstrip()))

    def find(self, what: str, since: float, seconds: float) -> float | None:
        """Return when a line came, at or after `since`; None without one."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for at, line in [*self.lines]:
                if at >= since and re.search(what, line):
                    return at
            time.sleep(0.02)
        return None

    def turns_right(self, seconds: float) -> bool:
        """Wait until its last summary is that all is right."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            summaries = [
                line for _, line in [*self.lines] if re.search(SUMMARY, line)
            ]
            if RIGHT in "".join(summaries[-1:]):
                return True
            time.sleep(0.02)
        return False

    def settle(self, seconds: float) -> None:
        """Wait until it has printed nothing for so long."""
        while self.lines and time.monotonic() < self.lines[-1][0] + seconds:
            time.sleep(0.02)

    def text(self) -> str:
        """All lines, for a failure's message."""
        return "\n".join(line for _, line in self.lines)

    def close(self) -> int | None:
        """End it by Ctrl-C; return its exit code."""
        if self._child.closed:
            return self._child.exitstatus
        self._child.sendintr()
        deadline = time.monotonic() + _END_S
        while self._child.isalive() and time.monotonic() < deadline:
            time.sleep(0.05)
        self._child.close(force=True)
        return self._child.exitstatus


def delays(
    watch: PlainWatch,
    walkthrough: Walkthrough,
    shells: Callable[[str], ShellSpec],
) -> list[float]:
    """Type all blocks; return the seconds until each change was shown.

    They count from the moment at which a line is typed. A line after which
    no verdict changes has none.

    Raises:
        CannotCheck: a command does not end in time, or the shell ended.

    """
    sessions: dict[str, ShellSession] = {}
    seconds: list[float] = []
    try:
        for block in walkthrough.blocks:
            if block.place not in sessions:
                shell = shells(block.place)
                sessions[block.place] = ShellSession(shell, _SHELL_S)
            seconds += _typed(watch, sessions[block.place], block)
    finally:
        for session in sessions.values():
            session.close()
    return seconds


def may_change(command: str) -> bool:
    """Tell whether a line may change what a check sees."""
    text = command.strip()
    return bool(text) and not text.startswith("#") and not _READS.match(text)


def _typed(
    watch: PlainWatch, session: ShellSession, block: Block
) -> list[float]:
    seconds = []
    lines = [*block.lines]
    while lines:
        if not lines[0].strip() or lines[0].lstrip().startswith("#"):
            del lines[0]
            continue
        changes = may_change(lines[0])
        if changes:
            watch.settle(QUIET_S)
        begin = time.monotonic()
        _, count = session.type(lines, block.where)
        del lines[:count]
        shown = watch.find(VERDICT, begin, WAIT_S) if changes else None
        seconds += [shown - begin] if shown else []
    return seconds
