"""Types a walkthrough at real shells and reads what comes back.

The shell itself decides where a command ends: a line that it answers with
its second prompt (a here-document, an open quote, a backslash) is followed
by the next one, as somebody at a keyboard would do.
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

_TAIL: Final = 400
_OPEN_SECONDS: Final = 20.0
_ANSI: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")
# Escape sequences may stand before the prompt: vtysh edits its lines.
_VTYSH: Final = r"(?:^|\n|\r|\x1b\[[0-9;?]*[a-z])[\w.-]+(?:\([\w-]+\))?# $"


@dataclass(frozen=True)
class ShellSpec:
    """How to open a shell at a place.

    `env` is its whole environment; `vtysh` says that it is FRR's own shell.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    vtysh: bool = False


@dataclass(frozen=True)
class Step:
    """One command as typed, and what came of it."""

    command: str
    output: str
    status: int
    seconds: float


def play(
    walkthrough: Walkthrough,
    shells: Callable[[str], ShellSpec],
    timeout: float = 120.0,
) -> list[Step]:
    """Type all blocks; each place keeps one shell from first to last.

    `shells` gives the shell of a place (see `walkthrough.PLACES`);
    `timeout` is in seconds and for each command.

    Raises:
        CannotCheck: a command failed in a block that may not fail, or did
            not end in time, or the shell ended.

    """
    opened: dict[str, ShellSession] = {}
    steps: list[Step] = []
    try:
        for block in walkthrough.blocks:
            if block.place not in opened:
                shell = shells(block.place)
                opened[block.place] = ShellSession(shell, timeout)
            steps += _play_block(opened[block.place], block)
    finally:
        for terminal in opened.values():
            terminal.close()
    return steps


class ShellSession:
    """A shell at a pseudo-terminal, with a prompt that only we know."""

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
            self._greet(mark)
        except BaseException:
            self.close()
            raise

    def type(self, lines: Sequence[str], where: str) -> tuple[Step, int]:
        """Type one command; return it and how many lines it took.

        Raises:
            CannotCheck: it does not end in time or within these lines, or
                the shell ended.

        """
        begun = time.monotonic()
        output = ""
        for taken, line in enumerate(lines, start=1):
            self._child.sendline(line)
            found = self._wait(f"{where}: `{line.strip()}`")
            output += _clean(self._child.before)
            if found == 0:
                typed = "\n".join(lines[:taken])
                return self._step(typed, output, begun), taken
        raise CannotCheck(
            f"{where}: the block ends inside a command, `{lines[0].strip()}`",
            way_out="close its quote or here-document",
        )

    def close(self) -> None:
        """End the shell, whatever it does."""
        self._child.close(force=True)

    def _greet(self, mark: str) -> None:
        """Make prompts known and typed lines unseen."""
        if self._vtysh:
            self._wait("opening vtysh", _OPEN_SECONDS)
            self._child.sendline("terminal length 0")
            self._wait("opening vtysh", _OPEN_SECONDS)
            return
        # Wait for a first prompt: what is typed before may be lost. What
        # follows is quoted so that its echo is not taken for the prompt.
        self._child.expect([r"[$#>]", pexpect.TIMEOUT, pexpect.EOF], 5)
        self._child.sendline(
            "unset PROMPT_COMMAND; set +o emacs +o vi +o history;"
            f" PS1='['{mark}' $?]' PS2='['{mark}' more]'; stty -echo"
        )
        self._wait("opening the shell", _OPEN_SECONDS)

    def _wait(self, what: str, seconds: float = -1) -> int:
        """Wait for a prompt; 0 is the first one, 1 asks for more."""
        found = self._child.expect(
            [self._ready, self._more, pexpect.EOF, pexpect.TIMEOUT], seconds
        )
        if found <= 1:
            return found
        waited = self._child.timeout if seconds < 0 else seconds
        causes = {
            2: "the shell ended",
            3: f"no prompt within {waited:.0f} s",
        }
        cause = causes[found]
        raise CannotCheck(
            f"{what}: {cause}; {_tail(_clean(self._child.before))}"
        )

    def _step(self, typed: str, output: str, begun: float) -> Step:
        seconds = time.monotonic() - begun
        if not self._vtysh:
            status = int(str(self._child.after).strip("[]").split()[1])
            return Step(typed, output.strip("\n"), status, seconds)
        # vtysh echoes what is typed and marks its complaints by "% ".
        output = output.partition("\n")[2].strip("\n")
        complaint = re.search(r"^% ", output, re.MULTILINE)
        return Step(typed, output, 1 if complaint else 0, seconds)


def _spawn(shell: ShellSpec, timeout: float) -> pexpect.spawn[str]:
    try:
        return pexpect.spawn(
            shell.argv[0],
            list(shell.argv[1:]),
            # A dumb terminal gets no colours and no pagers.
            env={**shell.env, "TERM": "dumb", "PAGER": "cat"},
            cwd=str(shell.cwd),
            timeout=timeout,
            encoding="utf-8",
            codec_errors="replace",
            dimensions=(50, 250),
        )
    except pexpect.ExceptionPexpect as error:
        raise CannotCheck(
            f"could not open `{' '.join(shell.argv)}`: {error}"
        ) from None


def _play_block(terminal: ShellSession, block: Block) -> list[Step]:
    steps = []
    index = 0
    while index < len(block.lines):
        line = block.lines[index].strip()
        # These leave the status of the command before them as it is.
        if not line or line.startswith("#"):
            index += 1
            continue
        step, taken = terminal.type(block.lines[index:], block.at(index))
        if step.status and not block.may_fail:
            raise CannotCheck(
                f"{block.at(index)}: `{line}` must end with status 0, not"
                f" {step.status}; {_tail(step.output)}"
            )
        steps.append(step)
        index += taken
    return steps


def _clean(text: object) -> str:
    return _ANSI.sub("", text) if isinstance(text, str) else ""


def _tail(output: str) -> str:
    """Put the end of an output on one line."""
    words = " ".join(output.split())
    return f"it said: {words[-_TAIL:]}" if words else "it said nothing"
