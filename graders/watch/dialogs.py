"""What `lab watch` shows over the checks: output of commands, questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import Key

    from graders.watch.commands import Command


class OutputScreen(ModalScreen[None]):
    """The output of a command, while it runs and afterwards."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("q", "close", "Close"),
        ("escape", "close", "Close"),
    ]

    def __init__(self, command: Command) -> None:
        """Run the command once the screen is there."""
        super().__init__()
        self.command = command

    def compose(self) -> ComposeResult:
        """Show the command's name, its output, and what to do."""
        yield Static(f"$ {self.command.name}", id="command", markup=False)
        with VerticalScroll(id="output"):
            yield Static(id="text", markup=False)
        yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        """Run the command in a thread."""
        self.query_one("#output").focus()
        self._refresh()
        self.run_worker(
            lambda: self.command.run(self._tell), thread=True, group="command"
        )

    def action_close(self) -> None:
        """Close, if the command has ended."""
        if not self.command.running:
            self.dismiss()

    def _tell(self) -> None:
        if self.app.is_running:
            self.app.call_later(self._refresh)

    def _refresh(self) -> None:
        if not self.is_attached:
            return
        text = Text.from_ansi(self.command.text.expandtabs())
        self.query_one("#text", Static).update(text)
        self.query_one("#keys", Static).update(
            "running ...   Ctrl-C interrupts it"
            if self.command.running
            else "q back to the checks   arrows scroll"
        )


class Question(ModalScreen[bool]):
    """A question that y answers with yes, and any other key with no."""

    def __init__(self, text: str) -> None:
        """Ask `text`."""
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """Show the question."""
        yield Static(
            f"{self._text}\n\ny yes   any other key no",
            id="question",
            markup=False,
        )

    def on_key(self, event: Key) -> None:
        """Take the answer."""
        event.stop()
        self.dismiss(event.key == "y")
