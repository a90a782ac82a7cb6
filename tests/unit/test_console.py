"""What a terminal gets of texts that machines wrote."""

from __future__ import annotations

import io

from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from graders.console import Terminal

CLEAR = "\x1b[2J\x9b2J"


def _shown(*renderables: object) -> str:
    file = io.StringIO()
    console = Terminal(file=file, width=60)
    for renderable in renderables:
        console.print(renderable)
    return file.getvalue()


def test_nothing_acts_upon_the_terminal() -> None:
    """Escape sequences are shown, in tables and in texts of all kinds."""
    table = Table("machine", "state")
    table.add_row("router", f"paused{CLEAR}")

    shown = _shown(table, CLEAR, Text(CLEAR), Markdown(f"a{CLEAR}"))

    assert r"\x1b[2J\x9b2J" in shown
    assert all(line.isprintable() for line in shown.splitlines())


def test_styles_of_the_kit_stay() -> None:
    """What the kit itself colours is coloured."""
    file = io.StringIO()
    Terminal(file=file, force_terminal=True, color_system="standard").print(
        "[red]no[/]"
    )

    assert file.getvalue() == "\x1b[31mno\x1b[0m\n"
