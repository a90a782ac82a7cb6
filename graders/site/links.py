"""Links of pages: written as in the repository, led to pages of the site.

`labs/lab-1-x/README.md` is the page `labs/lab-1-x.md`; `docs/` is the
site's root. A link to a file that is on no page is a problem, and so is
one to a heading that is not there.
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
    """A link to a heading, looked at when all pages are there."""

    place: str
    line: int
    uri: str
    heading: str


@dataclass(frozen=True)
class Page:
    """The page that a piece becomes part of, and all that it may link."""

    uri: str
    files: Container[str]
    jumps: list[AnchorLink]


def linked(
    piece: Fragment, text: str, page: Page, problems: Diagnostics
) -> str:
    """Return `text`, which is the piece's, with links that lead to pages."""
    lines = text.split("\n")
    for number, line in outside(text):
        at = piece.line + number - 1

        def led(found: re.Match[str], at: int = at) -> str:
            return _led(found, (piece, at), page, problems)

        lines[number - 1] = _LINK.sub(led, line)
    return "\n".join(lines)


def broken_jumps(
    jumps: list[AnchorLink], pages: Mapping[str, str], problems: Diagnostics
) -> None:
    """Note every link to a heading that its page (its HTML) has not."""
    ids = {uri: set(_ID.findall(html)) for uri, html in pages.items()}
    for jump in jumps:
        if jump.uri in ids and jump.heading not in ids[jump.uri]:
            problems.add(
                jump.place,
                jump.line,
                f"the link's #{jump.heading} must be a heading of {jump.uri}",
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


def _led(
    found: re.Match[str],
    where: tuple[Fragment, int],
    page: Page,
    problems: Diagnostics,
) -> str:
    piece, line = where
    target = found["target"]
    if found["code"] or _OTHER.match(target or ""):
        return found[0]
    if found["image"] and not found["text"].strip():
        problems.add(piece.place, line, f"picture {target} must have a text")
    path, _, heading = target.partition("#")
    if not path:
        uri = page.uri
    else:
        joined = posixpath.normpath(posixpath.join(piece.folder, path))
        uri = uri_of(joined)
    if uri not in page.files:
        problems.add(piece.place, line, f"link to {target}: no such page")
        return found[0]
    if heading:
        page.jumps.append(AnchorLink(piece.place, line, uri, heading))
    led = posixpath.relpath(uri, posixpath.dirname(page.uri) or ".")
    whole = "#".join(filter(None, [led if path else "", heading]))
    whole = whole if path else f"#{heading}"
    return f"{found['image']}[{found['text']}]({whole}{found['title'] or ''})"
