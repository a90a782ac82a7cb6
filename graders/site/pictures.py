"""Pictures that are SVG become part of the page.

So they take part in the switch between light and dark, and print well.
The text of the link stays as the picture's name for those who cannot see
it.
"""

from __future__ import annotations

import posixpath
import re
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mkdocs.structure.files import File, Files

_IMAGE: Final = re.compile(
    r'<img alt="(?P<alt>[^"]*)" src="(?P<src>[^":]+\.svg)"\s*/?>'
)
_HEAD: Final = re.compile(r"<svg\b[^>]*>")
_PROLOGUE: Final = re.compile(r"^\s*<\?xml.*?\?>\s*|<!--.*?-->", re.DOTALL)


def inlined(html: str, page: File, files: Files) -> str:
    """Return a page's HTML with its SVG files in it."""

    def drawn(found: re.Match[str]) -> str:
        folder = posixpath.dirname(page.url)
        uri = posixpath.normpath(posixpath.join(folder, found["src"]))
        file = files.src_uris.get(uri)
        if file is None:
            return found[0]
        # On one line: it is part of what the page weighs.
        svg = " ".join(_PROLOGUE.sub("", file.content_string).split())
        if not _HEAD.match(svg):
            return found[0]
        return f'<span class="picture">{_named(svg, found["alt"])}</span>'

    return _IMAGE.sub(drawn, html)


def _named(svg: str, alt: str) -> str:
    """Return the SVG; with the link's text if it has no name of its own."""
    head = _HEAD.match(svg)
    if head is None or "aria-label" in head[0]:
        return svg
    named = f'{head[0][:-1]} role="img" aria-label="{escape(alt)}">'
    return named + svg[head.end() :]
