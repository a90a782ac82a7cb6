"""Type a stranger's commands at a lab, within limits.

A recorded session has commands in it that failed, and some that Ctrl-C ended.
So a command that fails stops nothing, and one that does not end gets Ctrl-C;
only the whole time limit ends a replay. The grade decides.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck, one_line
from graders.proof.typist import ShellSession, Stuck

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from graders.course.walkthrough import Block
    from graders.proof.typist import ShellSpec

# A terminal's line is cut after 4095 bytes.
LONGEST_LINE: Final = 4000
_SHOWN: Final = 300
# Problems that are kept: a few say what happened.
_KEPT: Final = 5


@dataclass(frozen=True)
class Limits:
    """Seconds that one command may take, and that all of them may."""

    command: float = 120.0
    whole: float = 600.0


@dataclass(frozen=True)
class Replayed:
    """How many commands were typed, and how many of them failed.

    `stopped` says why not all were typed, "" if they were. `problems` are
    what did not end by itself.
    """

    commands: int = 0
    failed: int = 0
    stopped: str = ""
    problems: tuple[str, ...] = ()


class Replay:
    """One replay; `shells` gives the shell of a place.

    `halted` says why it must stop at once, "" as long as it need not.
    """

    def __init__(
        self,
        shells: Callable[[str], ShellSpec],
        limits: Limits,
        halted: Callable[[], str] = lambda: "",
    ) -> None:
        """Begin the whole time limit."""
        self._shells = shells
        self._limits = limits
        self._halted = halted
        self._deadline = time.monotonic() + limits.whole
        self._sessions: dict[str, ShellSession] = {}
        self._commands = 0
        self._failed = 0
        self._problems: list[str] = []

    def play(self, blocks: Sequence[Block]) -> Replayed:
        """Type all blocks, each place at one shell as long as that lasts."""
        stopped = _too_long(blocks)
        try:
            for block in blocks if not stopped else ():
                stopped = self._block(block)
                if stopped:
                    break
        finally:
            for session in self._sessions.values():
                session.close()
        return Replayed(
            self._commands, self._failed, stopped, tuple(self._problems)
        )

    def _block(self, block: Block) -> str:
        """Type one block; return why the replay must stop, or ""."""
        index = 0
        while index < len(block.lines):
            if stopped := self._stopped():
                return stopped
            line = block.lines[index].strip()
            if not line or line.startswith("#"):
                index += 1
                continue
            self._commands += 1
            try:
                index += self._command(block, index)
            except CannotCheck as error:
                # The place itself does not open.
                return self._halted() or error.problems[0]
        return self._stopped()

    def _command(self, block: Block, index: int) -> int:
        """Type one command; return how many lines it took."""
        session = self._session(block.place)
        where = f"line {block.first + index}"
        left = max(1.0, self._deadline - time.monotonic())
        seconds = min(self._limits.command, left)
        try:
            step, lines = session.type(block.lines[index:], where, seconds)
        except Stuck as error:
            self._note(error)
            if error.ended or not session.interrupt():
                self._forget(block.place)
            return error.lines
        except CannotCheck as error:
            self._note(error)
            if not session.interrupt():
                self._forget(block.place)
            return len(block.lines) - index
        self._failed += bool(step.status)
        return lines

    def _session(self, place: str) -> ShellSession:
        if place not in self._sessions:
            self._sessions[place] = ShellSession(
                self._shells(place), self._limits.command
            )
        return self._sessions[place]

    def _forget(self, place: str) -> None:
        """Open the place again for what comes next, as a person would."""
        self._sessions.pop(place).close()

    def _note(self, error: CannotCheck) -> None:
        self._failed += 1
        if len(self._problems) < _KEPT:
            self._problems.append(one_line(error.problems[0], _SHOWN))

    def _stopped(self) -> str:
        if reason := self._halted():
            return reason
        if time.monotonic() >= self._deadline:
            return f"it took longer than {self._limits.whole:.0f} s"
        return ""


def _too_long(blocks: Sequence[Block]) -> str:
    """Return why a terminal cannot take these lines, or ""."""
    for block in blocks:
        for number, line in enumerate(block.lines, start=block.first):
            if len(line.encode()) > LONGEST_LINE:
                return (
                    f"line {number} has more than {LONGEST_LINE} bytes, which"
                    " no terminal takes"
                )
    return ""
