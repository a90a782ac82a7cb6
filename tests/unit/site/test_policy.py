"""The policy of pages: what it allows, and what it does not."""

from __future__ import annotations

import re

import pytest

from graders.site.policy import with_policy

PAGE = """\
<html><head><meta charset="utf-8"><title>x</title>
<script>alert(1)</script>
<script src="assets/site.js" defer></script>
<script type="application/json" id="x">{}</script>
</head></html>
"""


def _policy(html: str) -> dict[str, list[str]]:
    (text,) = re.findall(
        r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', html
    )
    return {
        name: sources
        for name, *sources in (part.split() for part in text.split("; "))
    }


def test_scripts_are_the_site_s_or_as_they_were_built() -> None:
    """Data is no script, and needs no digest."""
    # printf 'alert(1)' | openssl dgst -sha256 -binary | base64
    digest = "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"

    assert _policy(with_policy(PAGE))["script-src"] == ["'self'", digest]


def test_all_else_is_the_site_s_own() -> None:
    """No other host is named, and only styles may be in the page itself."""
    policy = _policy(with_policy(PAGE))

    assert policy["default-src"] == ["'self'"]
    assert policy["base-uri"] == ["'none'"]
    sources = {one for name in policy for one in policy[name]}
    assert {one for one in sources if not one.startswith("'sha256-")} == {
        *("'none'", "'self'", "'unsafe-inline'", "data:"),
    }
    assert [name for name in policy if "'unsafe-inline'" in policy[name]] == [
        "style-src"
    ]


def test_it_comes_before_what_it_is_about() -> None:
    """A policy does not hold for what is above it."""
    html = with_policy(PAGE)

    assert html.index("Content-Security-Policy") < html.index("<script")
    assert html.index("charset") < html.index("Content-Security-Policy")


def test_a_theme_without_a_place_for_it_ends_the_build() -> None:
    """No page is published without one."""
    with pytest.raises(ValueError, match="no longer begin"):
        with_policy("<html><head></head></html>")
