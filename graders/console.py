"""What a person reads, printed by rich."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from rich.console import Console
from rich.segment import Segment

from graders.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import ConsoleOptions, RenderableType


class Terminal(Console):
    """A console that acts upon nothing that a machine wrote.

    It raises BrokenPipeError when its output is closed: rich would end the
    program, with the exit code of a lab that is not solved.
    """

    def render(
        self,
        renderable: RenderableType,
        options: ConsoleOptions | None = None,
    ) -> Iterable[Segment]:
        """Render with escapes for what is not printable."""
        for text, style, control in super().render(renderable, options):
            shown = text if control else printable(text, keep="\n")
            yield Segment(shown, style, control)

    def on_broken_pipe(self) -> NoReturn:
        """Let it be the error that it is.

        Raises:
            BrokenPipeError: always.

        """
        raise BrokenPipeError
