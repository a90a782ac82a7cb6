"""A content security policy for each page: only the site's own scripts run.

It is in the page itself, so it holds wherever the site is, also on a disk.
The theme's few inline scripts are allowed by their digests, as they were when
the page was built; so a text that gets into a page runs nothing.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from typing import Final

_SCRIPT: Final = re.compile(
    r"<script(?P<attributes>[^>]*)>(?P<text>.*?)</script>", re.DOTALL
)
_HEAD: Final = '<meta charset="utf-8">'
# Pictures have their styles in attributes, and styles run nothing.
_POLICY: Final = (
    "default-src 'self'",
    "script-src 'self'{digests}",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'self'",
)


def with_policy(html: str) -> str:
    """Return a page with its policy, before all that it is about.

    Raises:
        ValueError: the page has no place for it.

    """
    found = {
        match["text"]: None
        for match in _SCRIPT.finditer(html)
        if "src=" not in match["attributes"]
        and "application/json" not in match["attributes"]
    }
    digests = "".join(f" '{_digest(text)}'" for text in found)
    policy = "; ".join(_POLICY).format(digests=digests)
    before, head, after = html.partition(_HEAD)
    if not head:
        raise ValueError(f"the theme's pages no longer begin with {_HEAD}")
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return f"{before}{head}{meta}{after}"


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
