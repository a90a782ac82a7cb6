"""Type a walkthrough at real shells and read the output.

The shell itself decides where a command ends: after its continuation prompt
(a here-document, an open quote, a backslash) the next line is typed. That,
and a status for each command, is what pexpect.replwrap does not have.
What a command writes is read up to a limit.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pexpect

from graders.errors import CannotCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from graders.course.walkthrough import Block, Walkthrough

MAX_LENGTH: Final = 400
OPEN_TIMEOUT_S: Final = 20.0
# Characters that one command may write: no probe needs more.
OUTPUT_LIMIT: Final = 4_000_000
# Of what is read, the end is searched for a prompt: it is on the last line.
_WINDOW: Final = 2000
_INTERRUPT_TIMEOUT_S: Final = 5.0
_ANSI: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")
# vtysh edits its lines: escape sequences may come before the prompt.
_VTYSH: Final = r"(?:^|\n|\r|\x1b\[[0-9;?]*[a-z])[\w.-]+(?:\([\w-]+\))?# $"


if TYPE_CHECKING:
    _Spawn = pexpect.spawn[str]
else:
    _Spawn = pexpect.spawn


class Stuck(CannotCheck):
    """No prompt came back; `lines` were typed, and `ended` is the shell."""

    def __init__(self, message: str, lines: int, *, ended: bool) -> None:
        """Keep them next to the message."""
        super().__init__(message)
        self.lines, self.ended = lines, ended


class _TooMuchError(pexpect.ExceptionPexpect):
    """A command has written more than is read."""


class _Terminal(_Spawn):
    """A pseudo-terminal from which a bounded text is read."""

    unread = OUTPUT_LIMIT

    def read_nonblocking(
        self, size: int = 1, timeout: float | None = -1
    ) -> str:
        """Read what is there.

        Raises:
            _TooMuchError: that is the limit.

        """
        text = super().read_nonblocking(size, timeout)
        self.unread -= len(text)
        if self.unread < 0:
            raise _TooMuchError("")
        return text


@dataclass(frozen=True)
class ShellSpec:
    """How to open a shell at a place.

    `env` is its whole environment; with `vtysh` it is FRR's own shell.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    vtysh: bool = False


@dataclass(frozen=True)
class Step:
    """One command as typed, with its output and status."""

    command: str
    output: str
    status: int
    seconds: float


def play(
    walkthrough: Walkthrough,
    shells: Callable[[str], ShellSpec],
    timeout: float = 120.0,
) -> list[Step]:
    """Type all blocks; each place has one shell for all of them.

    `shells` gives the shell of a place (see `walkthrough.PLACES`);
    `timeout` is in seconds and for each command.

    Raises:
        CannotCheck: a command failed in a block that may not fail, or did
            not end in time, or the shell ended.

    """
    sessions: dict[str, ShellSession] = {}
    steps: list[Step] = []
    try:
        for block in walkthrough.blocks:
            if block.place not in sessions:
                shell = shells(block.place)
                sessions[block.place] = ShellSession(shell, timeout)
            steps += _play_block(sessions[block.place], block)
    finally:
        for session in sessions.values():
            session.close()
    return steps


class ShellSession:
    """A shell at a pseudo-terminal, with a prompt that nothing prints."""

    def __init__(self, shell: ShellSpec, timeout: float) -> None:
        """Open the shell and wait for its prompt.

        Raises:
            CannotCheck: it does not open, or gives no prompt.

        """
        self._vtysh = shell.vtysh
        mark = secrets.token_hex(8)
        self._ready = _VTYSH if shell.vtysh else rf"\[{mark} \d+\]"
        self._more = rf"\[{mark} more\]"
        self._child = _spawn(shell, timeout)
        try:
            self._set_up(mark)
        except BaseException:
            self.close()
            raise

    def type(
        self, lines: Sequence[str], where: str, seconds: float = -1
    ) -> tuple[Step, int]:
        """Type one command; return it and how many lines it took.

        `seconds` are for each line; by default, those of the session.

        Raises:
            Stuck: it does not end in time, or the shell ended.
            CannotCheck: it does not end within these lines.

        """
        start = time.monotonic()
        output = ""
        self._child.unread = OUTPUT_LIMIT
        for count, line in enumerate(lines, start=1):
            self._child.sendline(line)
            what = f"{where}: `{line.strip()}`"
            prompt = self._wait(what, seconds, lines=count)
            output += _clean(self._child.before)
            if prompt == 0:
                command = "\n".join(lines[:count])
                return self._step(command, output, start), count
        raise CannotCheck(
            f"{where}: the block ends inside a command, `{lines[0].strip()}`",
            remedy="close its quote or here-document",
        )

    def interrupt(self) -> bool:
        """Press Ctrl-C; return whether that brings the prompt back."""
        self._child.unread = OUTPUT_LIMIT
        try:
            self._child.sendintr()
            while self._wait("after Ctrl-C", _INTERRUPT_TIMEOUT_S):
                self._child.sendintr()
        except (CannotCheck, OSError):
            return False
        return True

    def close(self) -> None:
        """Kill the shell, whatever it is doing."""
        self._child.close(force=True)

    def _set_up(self, mark: str) -> None:
        """Set the prompts and switch the echo off."""
        if self._vtysh:
            self._wait("opening vtysh", OPEN_TIMEOUT_S)
            self._child.sendline("terminal length 0")
            self._wait("opening vtysh", OPEN_TIMEOUT_S)
            return
        # Input before the first prompt may be lost. The quotes keep the
        # echo of this line from looking like the prompt.
        self._child.expect([r"[$#>]", pexpect.TIMEOUT, pexpect.EOF], 5)
        self._child.sendline(
            "unset PROMPT_COMMAND; set +o emacs +o vi +o history;"
            f" PS1='['{mark}' $?]' PS2='['{mark}' more]'; stty -echo"
        )
        self._wait("opening the shell", OPEN_TIMEOUT_S)

    def _wait(self, what: str, seconds: float = -1, lines: int = 0) -> int:
        """Wait for a prompt: 0 is the usual one, 1 the continuation."""
        timeout = self._child.timeout if seconds < 0 else seconds
        try:
            prompt = self._child.expect(
                [self._ready, self._more, pexpect.EOF, pexpect.TIMEOUT],
                seconds,
            )
        except _TooMuchError:
            cause = f"it wrote more than {OUTPUT_LIMIT // 1_000_000} MB"
            raise Stuck(f"{what}: {cause}", lines, ended=False) from None
        if prompt <= 1:
            return prompt
        ended = self._child.after is pexpect.EOF
        cause = (
            "the shell ended" if ended else f"no prompt within {timeout:.0f} s"
        )
        said = _tail(_clean(self._child.before))
        raise Stuck(f"{what}: {cause}; {said}", lines, ended=ended)

    def _step(self, command: str, output: str, start: float) -> Step:
        seconds = time.monotonic() - start
        if not self._vtysh:
            status = int(str(self._child.after).strip("[]").split()[1])
            return Step(command, output.strip("\n"), status, seconds)
        # vtysh echoes the command and begins its errors with "% ".
        output = output.partition("\n")[2].strip("\n")
        error = re.search(r"^% ", output, re.MULTILINE)
        return Step(command, output, 1 if error else 0, seconds)


def _spawn(shell: ShellSpec, timeout: float) -> _Terminal:
    try:
        return _Terminal(
            shell.argv[0],
            list(shell.argv[1:]),
            # No colours and no pager.
            env={**shell.env, "TERM": "dumb", "PAGER": "cat"},
            cwd=str(shell.cwd),
            timeout=timeout,
            encoding="utf-8",
            codec_errors="replace",
            dimensions=(50, 250),
            searchwindowsize=_WINDOW,
        )
    except pexpect.ExceptionPexpect as error:
        raise CannotCheck(
            f"could not open `{' '.join(shell.argv)}`: {error}"
        ) from None


def _play_block(session: ShellSession, block: Block) -> list[Step]:
    steps = []
    index = 0
    while index < len(block.lines):
        line = block.lines[index].strip()
        # These do not change the status of the command before them.
        if not line or line.startswith("#"):
            index += 1
            continue
        step, count = session.type(block.lines[index:], block.at(index))
        if step.status and not block.may_fail:
            raise CannotCheck(
                f"{block.at(index)}: `{line}` must end with status 0, not"
                f" {step.status}; {_tail(step.output)}"
            )
        steps.append(step)
        index += count
    return steps


def _clean(text: object) -> str:
    return _ANSI.sub("", text) if isinstance(text, str) else ""


def _tail(output: str) -> str:
    """Return the end of an output on one line."""
    words = " ".join(output.split())
    return f"it said: {words[-MAX_LENGTH:]}" if words else "it said nothing"
