"""Pages without the white space that nobody sees.

The theme's templates indent by hundreds of lines, which a reader would load
with every page.
"""

from __future__ import annotations

import re
from typing import Final

# White space counts in these and nowhere else.
_KEPT: Final = re.compile(
    r"<(?P<tag>pre|script|style|textarea)\b.*?</(?P=tag)>", re.DOTALL
)
_LINES: Final = re.compile(r"[ \t]*\n\s*")


def slim(html: str) -> str:
    """Return a page in which no line begins or ends with white space."""
    done, end = [], 0
    for kept in _KEPT.finditer(html):
        done += [_LINES.sub("\n", html[end : kept.start()]), kept[0]]
        end = kept.end()
    return "".join([*done, _LINES.sub("\n", html[end:])])
