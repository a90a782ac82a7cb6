"""One student's seat: what is run there, when, and around it."""

from __future__ import annotations

import itertools
import os
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from graders.classroom.seats.protocol import LINE
from graders.classroom.seats.seat_shell import SeatShell
from graders.classroom.seats.verbs import (
    OVERVIEW,
    VERBS,
    environment,
    kit_command,
    kit_line,
)
from graders.errors import CannotCheck, KitError, UsageError, printable
from graders.grading.progress import read_progress
from graders.providers import capture
from graders.providers.capture import TooSlow
from graders.providers.child import Child
from graders.settings import seat_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from graders.classroom.seats.protocol import Request, Size
    from graders.classroom.seats.verbs import KitCommand
    from graders.classroom.seats.window import Window
    from graders.providers.relay import Answer

# Says why a student may not use a verb for a lab now, "" if that is allowed.
Refusal: TypeAlias = "Callable[[str, str], str]"

SHELL: Final = "shell"
# They read what is in the shell's home; and these change it.
_READING: Final = frozenset({"grade", "reset", "start", "submit", "watch"})
_CHANGING: Final = frozenset({"reset", "start"})
# Longer than any command takes.
_LONGEST_S: Final = 3600.0
_LATE: Final = 124
_WELCOME: Final = (
    "lab: the seat of {student}; `lab --help` lists commands. What is typed"
    " here is recorded for `lab submit`, without output and without lines that"
    " begin with a space\n"
)
_HANDED_IN: Final = "lab: it is kept in your seat, for your teacher\n"


class Shell(Protocol):
    """The shell of a seat; see `SeatShell`."""

    def start(
        self, words: Sequence[str], number: int, size: Size | None
    ) -> Child:
        """Start a shell in a window, or a line in one."""

    def hang_up(self, number: int) -> None:
        """Hang up what still runs in a window that was closed."""

    def fetch(self) -> None:
        """Copy answers and what was typed to where the kit reads them."""

    def renew(self) -> None:
        """Copy what a start or reset of the lab has written, if it has."""

    def save(self) -> None:
        """Keep the home."""

    def close(self) -> None:
        """Keep the home, and close the shell."""


class Seat:
    """What a seat's service does for its clients."""

    def __init__(
        self,
        student: str,
        refusal: Refusal,
        shell: Callable[[Mapping[str, Answer]], Shell] | None = None,
    ) -> None:
        """Keep the student, and what says when something is allowed.

        `shell` is called with the commands that the shell has.
        """
        self.student = student
        self._refusal = refusal
        self._windows: dict[int, Window] = {}
        self._numbers = itertools.count(1)
        make = shell or partial(SeatShell, student)
        self._shell = make({it: self._asked(it) for it in ("lab", "grade")})

    def serve(self, request: Request, window: Window) -> int:
        """Do what a client asks for; return the exit status.

        Raises:
            KitError: it is refused, or cannot be done.
            Gone: the client left.
            ProtocolError: the client sent what is not allowed.

        """
        words: Sequence[str] = request.words
        window.size = request.size
        if words[:1] == (LINE,):
            line = " ".join(words[1:])
            found = kit_line(line)
            if found is None:
                return self._open_shell((line,), window)
            words = found
        if not words:
            return self._open_shell((), window)
        command = kit_command(words)
        if command is None:
            window.connection.print(OVERVIEW)
            return 0
        return self._run(command, request.term, window)

    def tidy(self) -> None:
        """Keep what is in open shells, and end those whose time is over."""
        if not self._windows:
            return
        self._shell.save()
        for window in [*self._windows.values()]:
            try:
                self._expect_allowed(SHELL, "", lenient=window.of_kit)
            except KitError as error:
                window.stop(f"lab: {error}\n")

    def close(self) -> None:
        """Keep what is in the shell, and close it."""
        self._shell.close()

    def _run(self, command: KitCommand, term: str, window: Window) -> int:
        """Run a command of the kit on the client's terminal or pipes."""
        size = window.size
        if VERBS[command.verb].screen and size is None:
            raise UsageError(
                f"{command.verb} needs a terminal, and this is none",
                remedy="ssh opens one with -t",
            )
        with self._around(command, lenient=window.of_kit):
            code = window.run(self._child(command, term, size))
        if command.verb == "submit" and not code:
            window.connection.say(_HANDED_IN)
        return code

    def _open_shell(self, words: Sequence[str], window: Window) -> int:
        """Run a shell, or a line in one."""
        self._expect_allowed(SHELL, "", lenient=window.of_kit)
        number = next(self._numbers)
        child = self._shell.start(words, number, window.size)
        if window.size and not words:
            window.connection.say(_WELCOME.format(student=self.student))
        self._windows[number] = window
        try:
            return window.run(child)
        except BaseException:
            self._shell.hang_up(number)
            raise
        finally:
            del self._windows[number]
            self._shell.save()

    def _asked(self, name: str) -> Answer:
        """Return what answers a command that is typed in the shell."""

        def answer(words: Sequence[str], stdin: str) -> tuple[int, str, str]:
            del stdin
            number, *rest = words or ("",)
            try:
                return self._answer(number, [name, *rest])
            except KitError as error:
                text = printable(str(error), keep="\n")
                return error.exit_code, "", f"{name}: {text}\n"

        return answer

    def _answer(
        self, number: str, words: Sequence[str]
    ) -> tuple[int, str, str]:
        """Run a command for the shell: at its terminal, or with its output."""
        command = kit_command(words)
        if command is None:
            return 0, OVERVIEW, ""
        window = self._windows.get(int(number) if number.isdecimal() else 0)
        with self._around(command):
            if window:
                code = window.lend(
                    lambda size: self._child(command, "xterm", size)
                )
                if code is not None:
                    return code, "", ""
            return self._captured(command)

    def _captured(self, command: KitCommand) -> tuple[int, str, str]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            done = capture.run(
                ["env", "-C", str(self._folder), *command.argv],
                timeout=_LONGEST_S,
                env=self._environment("dumb"),
            )
        except TooSlow as late:
            return _LATE, late.out, late.error
        return done.returncode, done.stdout, done.stderr

    def _child(
        self, command: KitCommand, term: str, size: Size | None
    ) -> Child:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Child(
            command.argv,
            self._environment(term),
            self._folder,
            (size.rows, size.columns) if size else None,
        )

    @contextmanager
    def _around(
        self, command: KitCommand, *, lenient: bool = False
    ) -> Iterator[None]:
        """Check the time, and keep the shell's files and the kit's alike."""
        lab = command.operand if command.verb == "start" else ""
        self._expect_allowed(command.verb, lab, lenient=lenient)
        if command.verb in _READING:
            self._shell.fetch()
        try:
            yield
        finally:
            if command.verb in _CHANGING:
                self._shell.renew()

    def _expect_allowed(self, verb: str, lab: str, *, lenient: bool) -> None:
        """Let only the teacher do what it is not the time for."""
        if lenient:
            return
        if reason := self._refusal(verb, lab or self._last_lab()):
            raise UsageError(reason)

    def _last_lab(self) -> str:
        """Return the lab that was started last, "" if none was."""
        with suppress(CannotCheck):
            if runs := read_progress(self.student).runs:
                return runs[-1].lab
        return ""

    def _environment(self, term: str) -> dict[str, str]:
        return os.environ | environment(self.student, term)

    @property
    def _folder(self) -> Path:
        """The folder where `lab submit` writes."""
        return seat_dir(self.student) / "submissions"
