"""Rewrite links from paths of the repository to pages of the site.

`labs/lab-1-x/README.md` is the page `labs/lab-1-x.md`; `docs/` is the
site's root. Links to files that are not on the site, and to headings that do
not exist, are problems.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graders.site.fences import outside

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from graders.site.fragments import Diagnostics, Fragment

# [text](target "title") and ![text](target), but not inside `code`.
_LINK: Final = re.compile(
    r"(?P<code>`+[^`]*`+)"
    r"|(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]"
    r"\((?P<target>[^()\s]+)(?P<title>\s+\"[^\"]*\")?\)"
)
_OTHER: Final = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_ID: Final = re.compile(r'\bid="([^"]+)"')
_BRIEF: Final = re.compile(r"^labs/([^/]+)(?:/README\.md|/?)$")
_SOLUTION: Final = re.compile(r"^solutions/(.+\.md)$")


@dataclass(frozen=True)
class AnchorLink:
    """A link to a heading, checked once all pages are rendered."""

    place: str
    line: int
    uri: str
    heading: str


@dataclass(frozen=True)
class Page:
    """A page that a fragment is part of, and the pages it may link to."""

    uri: str
    files: Container[str]
    anchors: list[AnchorLink]


def linked(
    piece: Fragment, text: str, page: Page, problems: Diagnostics
) -> str:
    """Return the fragment's `text` with links to pages of the site."""
    lines = text.split("\n")
    for number, line in outside(text):
        at = piece.line + number - 1

        def rewrite(match: re.Match[str], at: int = at) -> str:
            return _rewrite(match, (piece, at), page, problems)

        lines[number - 1] = _LINK.sub(rewrite, line)
    return "\n".join(lines)


def check_anchors(
    anchors: list[AnchorLink], pages: Mapping[str, str], problems: Diagnostics
) -> None:
    """Report links to headings that do not exist in the pages' HTML."""
    ids = {uri: set(_ID.findall(html)) for uri, html in pages.items()}
    for link in anchors:
        if link.uri in ids and link.heading not in ids[link.uri]:
            problems.add(
                link.place,
                link.line,
                f"the link's #{link.heading} must be a heading of {link.uri}",
            )


def uri_of(path: str) -> str:
    """Return the address, in the site, of a path of the repository."""
    if brief := _BRIEF.match(path):
        return f"labs/{brief[1]}.md"
    if solution := _SOLUTION.match(path):
        return f"solutions/{solution[1]}"
    if path == "CONTRIBUTING.md":
        return "contributing.md"
    return path.removeprefix("docs/")


def _rewrite(
    match: re.Match[str],
    where: tuple[Fragment, int],
    page: Page,
    problems: Diagnostics,
) -> str:
    piece, line = where
    target = match["target"]
    if match["code"] or _OTHER.match(target or ""):
        return match[0]
    if match["image"] and not match["text"].strip():
        problems.add(piece.place, line, f"picture {target} must have a text")
    path, _, heading = target.partition("#")
    if not path:
        uri = page.uri
    else:
        joined = posixpath.normpath(posixpath.join(piece.folder, path))
        uri = uri_of(joined)
    if uri not in page.files:
        problems.add(piece.place, line, f"link to {target}: no such page")
        return match[0]
    if heading:
        page.anchors.append(AnchorLink(piece.place, line, uri, heading))
    relative = posixpath.relpath(uri, posixpath.dirname(page.uri) or ".")
    whole = "#".join(filter(None, [relative if path else "", heading]))
    whole = whole if path else f"#{heading}"
    return f"{match['image']}[{match['text']}]({whole}{match['title'] or ''})"
