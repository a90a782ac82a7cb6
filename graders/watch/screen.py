"""The screen of `lab watch`."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import App
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Static

from graders.course.overview import overviews
from graders.interrupts import SIGNALS
from graders.watch.commands import Command
from graders.watch.dialogs import OutputScreen, Question
from graders.watch.rendering import checks, heading, verdict
from graders.watch.view import View

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from graders.course.overview import LabOverview
    from graders.watch.watcher import Watcher

INTERRUPTED: Final = 130
_KEYS: Final = (
    "h hint  g grade  f full grade  b brief  r reset  n next lab  q quit"
)
# How often the minutes are counted.
_CLOCK_S: Final = 20
# For the scroll bar.
_MARGIN: Final = 1


class WatchApp(App[int]):
    """Shows views; each key runs another command of the kit.

    `alive` is a file that is at its end once the parent process is gone.
    """

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        ("h", "command('lab hint')", "Hint"),
        ("g", "command('grade')", "Grade"),
        ("f", "command('grade --full')", "Full grade"),
        ("b", "command('lab brief')", "Brief"),
        ("r", "reset", "Reset"),
        ("n", "next", "Next lab"),
        ("q", "quit", "Quit"),
        Binding("ctrl+c", "interrupt", "Interrupt", priority=True),
    ]
    CSS = """
    Screen { layout: vertical; }
    #heading, #verdict, #keys, #command { height: auto; }
    #heading, #command { margin-bottom: 1; }
    #checks { height: 1fr; scrollbar-size-vertical: 1; }
    #output { height: 1fr; scrollbar-size-vertical: 1; }
    #rows, #text { height: auto; }
    #keys { text-style: reverse; }
    OutputScreen { background: $background; }
    Question { align: center middle; background: $background; }
    #question { width: auto; max-width: 100%; height: auto; padding: 1 2; }
    """

    class Viewed(Message):
        """A view has come."""

        def __init__(self, view: View) -> None:
            """Keep it."""
            super().__init__()
            self.view = view

    def __init__(self, student: str, alive: int | None = None) -> None:
        """Show nothing yet."""
        super().__init__()
        self.theme = "ansi-dark"
        self.animation_level = "none"
        self.view = View(student)
        self.failure: Exception | None = None
        self._alive = alive
        self._watcher: Watcher | None = None

    def follow(self, watcher: Watcher) -> None:
        """Show what a watcher reports, once the screen is there."""
        self._watcher = watcher

    def report(self, view: View) -> None:
        """Show a view; any thread may call this."""
        if self.is_running:
            self.post_message(self.Viewed(view))

    def compose(self) -> ComposeResult:
        """Have the heading, the checks, the verdict and the keys."""
        yield Static(id="heading", markup=False)
        with VerticalScroll(id="checks"):
            yield Static(id="rows", markup=False)
        yield Static(id="verdict", markup=False)
        yield Static(_KEYS, id="keys", markup=False)

    def on_mount(self) -> None:
        """Begin to follow the lab."""
        self.query_one("#checks").focus()
        self.set_interval(_CLOCK_S, self._draw)
        self._draw()
        if self._alive is not None:
            self._heed_signals(self._alive)
        if self._watcher:
            threading.Thread(target=self._follow, daemon=True).start()

    def on_unmount(self) -> None:
        """End following."""
        if self._watcher:
            self._watcher.end()

    def on_resize(self) -> None:
        """Fold lines for the new width."""
        self.call_later(self._draw)

    def on_watch_app_viewed(self, message: Viewed) -> None:
        """Draw a view."""
        self.view = message.view
        self._draw()

    async def action_quit(self) -> None:
        """Leave."""
        self.exit(0)

    def action_interrupt(self) -> None:
        """Interrupt the command that runs, or leave."""
        if isinstance(self.screen, OutputScreen):
            if self.screen.command.running:
                self.screen.command.interrupt()
            else:
                self.screen.dismiss()
            return
        self.exit(INTERRUPTED)

    def action_command(self, line: str) -> None:
        """Run a command, and show its output."""
        if len(self.screen_stack) > 1:
            return
        size = (self.size.width - 2 * _MARGIN, self.size.height)
        command = Command(line.split(), self.view.student, size)
        self.push_screen(OutputScreen(command))

    def action_reset(self) -> None:
        """Reset the lab, after a question."""
        if self.view.lab:
            self._ask(
                f"Reset lab {self.view.number}? Your changes are lost.",
                "lab reset",
            )

    def action_next(self) -> None:
        """Start the next lab, after a question."""
        lab = _after(self.view.number)
        if lab is None:
            self.notify("This was the last lab.", markup=False)
            return
        self._ask(
            f"Start lab {lab.number}, {lab.title}? The running lab ends.",
            f"lab start {lab.number}",
        )

    def _ask(self, question: str, line: str) -> None:
        """Run a command if the answer is yes."""
        if len(self.screen_stack) > 1:
            return

        def run(answer: bool | None) -> None:  # noqa: FBT001 - textual's
            if answer:
                self.action_command(line)

        self.push_screen(Question(question), run)

    def _draw(self) -> None:
        width = self.size.width - _MARGIN
        parts = {
            "#heading": heading(self.view, width, time.time()),
            "#rows": checks(self.view, width),
            "#verdict": verdict(self.view),
        }
        first = self.screen_stack[0]
        for name, text in parts.items():
            first.query_one(name, Static).update(text)

    def _follow(self) -> None:
        """Run the watcher; what stops it ends the program."""
        assert self._watcher  # noqa: S101 - set before
        try:
            self._watcher.run()
        except Exception as error:  # noqa: BLE001 - raised by whoever ran us
            self.failure = error
            self.call_from_thread(self.exit, 1)

    def _heed_signals(self, alive: int) -> None:
        """Leave by signals, and when the parent process is gone."""
        loop = asyncio.get_running_loop()
        loop.add_reader(alive, self._leave)
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._leave)

    def _leave(self) -> None:
        if self._alive is not None:
            asyncio.get_running_loop().remove_reader(self._alive)
            self._alive = None
        self.exit(INTERRUPTED)


def _after(number: int) -> LabOverview | None:
    """Return the lab after the one with this number, None after the last."""
    labs = [lab for lab in overviews() if int(lab.number) > number]
    return labs[0] if labs else None
