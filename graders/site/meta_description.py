"""What a page is about, in one sentence, for those who list pages.

Search engines and previews of links show a page's description; one that
all pages share tells nobody anything.
"""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Final

_PARAGRAPH: Final = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_TAG: Final = re.compile(r"<[^>]+>")
_TELLS: Final = re.compile(r"(?!Time:).{25}")
_MOST: Final = 160


def described(html: str, title: str) -> str:
    """Return the title and the beginning of a page's text.

    It is safe to stand in an attribute. Paragraphs of a few words, and those
    that say how long a page takes, are passed over.
    """
    texts = (
        " ".join(unescape(_TAG.sub("", found)).split())
        for found in _PARAGRAPH.findall(html)
    )
    first = next(filter(_TELLS.match, texts), "")
    text = f"{title}: {first}" if first else title
    if len(text) > _MOST:
        text = text[: _MOST - 3].rpartition(" ")[0] + "..."
    return escape(text)
