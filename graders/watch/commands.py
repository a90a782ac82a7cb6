"""Run the kit's other commands, with their output as text."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pexpect

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_READ: Final = 4096
_POLL_S: Final = 0.2
# Characters of output that are kept: a screen shows no more.
_LIMIT: Final = 200_000


@dataclass
class Command:
    """A command such as `lab hint`, on a terminal that only it has.

    Ctrl-C reaches it by `interrupt`. It also ends when this process does.
    """

    argv: Sequence[str]
    student: str
    size: tuple[int, int] = (80, 24)
    text: str = ""
    running: bool = True
    code: int | None = None
    _child: pexpect.spawn[str] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The command as a student types it."""
        return " ".join(self.argv)

    def run(self, tell: Callable[[], object]) -> None:
        """Run it to its end; `tell` is called when there is more text."""
        try:
            self._child = self._spawn()
            self._read(self._child, tell)
        except (pexpect.ExceptionPexpect, OSError) as error:
            self.text += f"could not run {self.name}: {error}\n"
        self.running = False
        tell()

    def interrupt(self) -> None:
        """Send Ctrl-C."""
        if self._child and self.running:
            self._child.sendintr()

    def _spawn(self) -> pexpect.spawn[str]:
        program = Path(sys.executable).with_name(self.argv[0])
        columns, rows = self.size
        return pexpect.spawn(
            str(program),
            [*self.argv[1:], "--student", self.student],
            dimensions=(rows, columns),
            # Nobody can turn the pages of a pager here.
            env=os.environ | {"PAGER": "cat"},
            encoding="utf-8",
            codec_errors="replace",
            timeout=None,
            echo=False,
        )

    def _read(
        self, child: pexpect.spawn[str], tell: Callable[[], object]
    ) -> None:
        while True:
            try:
                more = child.read_nonblocking(_READ, _POLL_S)
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                break
            self.text = (self.text + more.replace("\r\n", "\n"))[-_LIMIT:]
            tell()
        child.close()
        self.code = child.exitstatus
