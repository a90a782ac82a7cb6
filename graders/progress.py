"""Tells on the terminal what a playbook does, task by task."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.table import Column

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

# Tasks that took less and changed nothing are seen only while they run.
WORTH_A_LINE: Final = 0.5
# Where nothing can be redrawn, a long task says so this often, in seconds.
STILL_EVERY: Final = 30.0


class TaskProgress:
    """One line a task; a spinner where the terminal can be redrawn."""

    def __init__(
        self,
        console: Console | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Print on standard error unless another console is given."""
        self._console = console or Console(stderr=True, highlight=False)
        self._now = now
        self._label = ""
        self._note = ""
        self._began = self._told = now()
        self._bar = Progress(
            SpinnerColumn(),
            Elapsed(),
            TextColumn(
                "{task.description}",
                markup=False,
                table_column=Column(no_wrap=True, overflow="ellipsis"),
            ),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._spin = self._bar.add_task("")

    def __enter__(self) -> Self:
        """Start the spinner."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the spinner away."""
        self._bar.stop()

    def say(self, line: str) -> None:
        """Print a line above the spinner."""
        self._console.print(line, markup=False, soft_wrap=True)

    def begin(self, label: str) -> None:
        """Show that the task `label` has begun."""
        self._label, self._note = label, ""
        self._began = self._told = self._now()
        self._bar.reset(self._spin, description=label)

    def note(self, text: str) -> None:
        """Show how far the task is."""
        self._note = text
        self._bar.update(self._spin, description=f"{self._label} ({text})")

    def end(self, *, changed: bool) -> None:
        """Leave a line of the task if it changed or took something."""
        seconds = self._now() - self._began
        if self._label and (changed or seconds >= WORTH_A_LINE):
            self.say(f"  {self._label}  {seconds:.1f} s")
        self._label = ""

    def tick(self) -> None:
        """Tell of a long task where there is no spinner."""
        now = self._now()
        if self._console.is_terminal or now - self._told < STILL_EVERY:
            return
        if self._label:
            self._told = now
            note = f" ({self._note})" if self._note else ""
            self.say(f"  {self._label}{note} ... {now - self._began:.0f} s")
