"""Changes to the HTML of pages, after Markdown and after the theme."""

from __future__ import annotations

import posixpath
import re
from html import escape, unescape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mkdocs.structure.files import File, Files

_IMAGE: Final = re.compile(
    r'<img alt="(?P<alt>[^"]*)" src="(?P<src>[^":]+\.svg)"\s*/?>'
)
_SVG: Final = re.compile(r"<svg\b[^>]*>")
_PROLOGUE: Final = re.compile(r"^\s*<\?xml.*?\?>\s*|<!--.*?-->", re.DOTALL)

_NUMBER: Final = re.compile(
    r'<(?P<tag>t?span) data-plan="[^"]*">(?P<text>[^<]*)</(?P=tag)>'
)
_PARAGRAPH: Final = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_TAG: Final = re.compile(r"<[^>]+>")
_INFORMATIVE: Final = re.compile(r"(?!Time:).{25}")
_MAX_DESCRIPTION: Final = 160

# A dialog without a name, and blocks that scroll but cannot be reached by
# keyboard; axe finds both on the theme's own pages.
_ACCESSIBLE: Final = {
    'class="md-search" data-md-component="search" role="dialog"': (
        'class="md-search" data-md-component="search" role="dialog"'
        ' aria-label="Search"'
    ),
    "<pre><span></span><code>": '<pre><span></span><code tabindex="0">',
    "<pre><code>": '<pre><code tabindex="0">',
}

# The theme's script for tabs, which no page has.
_UNUSED: Final = (
    "<script>var target=document.getElementById(location.hash.slice(1));"
    "target&&target.name&&(target.checked=target.name.startsWith("
    '"__tabbed_"))</script>'
)
# The elements in which white space counts.
_PREFORMATTED: Final = re.compile(
    r"<(?P<tag>pre|script|style|textarea)\b.*?</(?P=tag)>", re.DOTALL
)
_LINES: Final = re.compile(r"[ \t]*\n\s*")

_FORM: Final = """\
<link rel="stylesheet" href="{up}assets/lab.css">
<form class="student" data-student>
<label for="student">Your name in the lab</label>
<input id="student" name="student" value="demo" maxlength="40"
autocomplete="off" autocapitalize="none" spellcheck="false"
aria-describedby="student-told">
<button type="submit" class="md-button">Show my numbers</button>
<p id="student-told" role="status" aria-live="polite">These are the numbers
of <code>demo</code>.</p>
<p>If a network is already in use on your machine, the numbers
change; <code>.venv/bin/lab brief</code> shows the ones that apply. With a
class ticket, type the name that <code>lab ticket</code> shows for the
site.</p>
</form>
<noscript><p>Scripts are switched off here, so these are the numbers of
<code>demo</code>. <code>lab brief</code> shows yours.</p></noscript>
<script defer src="{up}assets/plan.js"></script>
<script defer src="{up}assets/student.js"></script>
"""


def inline_pictures(html: str, page: File, files: Files) -> str:
    """Return a page's HTML with its SVG files in it.

    So pictures take part in the switch between light and dark, and print
    well. The text of the link is the picture's name for screen readers.
    """

    def replace(match: re.Match[str]) -> str:
        folder = posixpath.dirname(page.url)
        uri = posixpath.normpath(posixpath.join(folder, match["src"]))
        file = files.src_uris.get(uri)
        if file is None:
            return match[0]
        # On one line, which makes the page smaller.
        svg = " ".join(_PROLOGUE.sub("", file.content_string).split())
        if not _SVG.match(svg):
            return match[0]
        return f'<span class="picture">{_label(svg, match["alt"])}</span>'

    return _IMAGE.sub(replace, html)


def _label(svg: str, alt: str) -> str:
    """Return the SVG, with the link's text if it has no label yet."""
    head = _SVG.match(svg)
    if head is None or "aria-label" in head[0]:
        return svg
    labelled = f'{head[0][:-1]} role="img" aria-label="{escape(alt)}">'
    return labelled + svg[head.end() :]


def description(html: str, title: str) -> str:
    """Return the title and the beginning of a page's text.

    Search engines and previews of links show it. It is escaped for an
    attribute. Short paragraphs and the one with the time are passed over.
    """
    texts = (
        " ".join(unescape(_TAG.sub("", paragraph)).split())
        for paragraph in _PARAGRAPH.findall(html)
    )
    first = next(filter(_INFORMATIVE.match, texts), "")
    text = f"{title}: {first}" if first else title
    if len(text) > _MAX_DESCRIPTION:
        text = text[: _MAX_DESCRIPTION - 3].rpartition(" ")[0] + "..."
    return escape(text)


def with_name_form(html: str, uri: str) -> str:
    """Return a page, with the form if it has numbers of the plan.

    The form comes right under the title. Pages at the root, the first ones
    to load, do without it and keep demo's numbers, which need no marks.
    """
    if "/" not in uri:
        return _NUMBER.sub(r"\g<text>", html)
    if "data-plan=" not in html or "data-student" in html:
        return html
    head, end, rest = html.partition("</h1>")
    return f"{head}{end}\n{name_form(uri)}{rest}" if end else html


def name_form(uri: str) -> str:
    """Return the form in which readers type their name, to see their numbers.

    `uri` is the address of its page.
    """
    return _FORM.format(up="../" * uri.count("/"))


def accessible(html: str) -> str:
    """Return a page with what the theme lacks for keyboards and readers."""
    for before, after in _ACCESSIBLE.items():
        html = html.replace(before, after)
    return html


def slim(html: str) -> str:
    """Return a page in which no line begins or ends with white space.

    The theme's templates indent hundreds of lines, on every page, and bring
    a script that no page needs.
    """
    html = html.replace(_UNUSED, "")
    parts, end = [], 0
    for block in _PREFORMATTED.finditer(html):
        parts += [_LINES.sub("\n", html[end : block.start()]), block[0]]
        end = block.end()
    return "".join([*parts, _LINES.sub("\n", html[end:])])
