"""Show on the first page what a real run has printed."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.style import Style

    from graders.proof.recording import Pane, Recording

MARK: Final = "<!-- recording -->"
# Classes by the numbers of a terminal's colours.
_CLASSES: Final = {1: "bad", 2: "good"}


def with_recording(html: str, recording: Recording | None) -> str:
    """Return a page with the recording at its mark; nothing without one."""
    if MARK not in html:
        return html
    parts = _figures(recording) if recording else ()
    return html.replace(MARK, "".join(parts))


def _figures(recording: Recording) -> Iterator[str]:
    yield '<div class="recording">'
    for pane in recording.panes:
        yield f"<figure><figcaption>{escape(pane.caption)}</figcaption>"
        yield f'<pre tabindex="0"><code>{_text(pane)}</code></pre></figure>'
    yield (
        f"<p>Recorded on {escape(recording.date)} with version"
        f" {escape(recording.kit)} of the kit.</p></div>"
    )


def _text(pane: Pane) -> str:
    shown = Text.from_ansi(pane.text)
    parts = [f"<b>$ {escape(pane.command)}</b>\n"]
    for text, style, _ in shown.render(Console()):
        parts.append(_span(text, style))
    return "".join(parts)


def _span(text: str, style: Style | None) -> str:
    """Return text with a class for its colour, and in bold if it is."""
    number = style.color.number if style and style.color else None
    classes = [_CLASSES[number]] if number in _CLASSES else []
    classes += ["dim"] if style and style.dim else []
    inner = escape(text)
    if style and style.bold:
        inner = f"<b>{inner}</b>"
    if not classes:
        return inner
    return f'<span class="{" ".join(classes)}">{inner}</span>'
