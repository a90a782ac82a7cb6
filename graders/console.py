"""What a person reads, printed by rich."""

from __future__ import annotations

from typing import NoReturn

from rich.console import Console


class Terminal(Console):
    """A console that says so when nobody reads it any more.

    rich itself would end the program, with the exit code of a lab that is
    not solved.
    """

    def on_broken_pipe(self) -> NoReturn:
        """Let it be the error that it is.

        Raises:
            BrokenPipeError: always.

        """
        raise BrokenPipeError
