"""Rules that match nothing on the site are left out, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.site.styles import Usage, slim, slim_files, words

if TYPE_CHECKING:
    from pathlib import Path

INDIGO = "[data-md-color-primary=indigo]{color:#4051b5}"
RED = "[data-md-color-primary=red]{color:#f00}"
USAGE = Usage({"indigo"}, {"a", "b", "md-nav", "md-x--open"})


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        (INDIGO + RED, INDIGO),
        (
            "[data-md-color-accent=deep-purple] a:hover{color:#000}b{x:y}",
            "b{x:y}",
        ),
        ("[dir=ltr] .a{left:0}[dir=rtl] .a{right:0}", "[dir=ltr] .a{left:0}"),
        ("[dir=rtl] .a,[dir=rtl] .b{x:y}", ""),
        (".a,[dir=rtl] .b{x:y}", ".a,[dir=rtl] .b{x:y}"),
        (":not([dir=rtl]) .a{x:y}", ":not([dir=rtl]) .a{x:y}"),
        (
            "@media print{[dir=rtl] .a{x:y}.b{x:y}}",
            "@media print{.b{x:y}}",
        ),
        (
            "[data-md-color-scheme=slate]{x:y}",
            "[data-md-color-scheme=slate]{x:y}",
        ),
        (".md-nav .tabbed{x:y}.md-nav .a>b{x:y}", ".md-nav .a>b{x:y}"),
        (".tabbed,.a{x:y}.tabbed,.md-tabs{x:y}", ".tabbed,.a{x:y}"),
        (
            ".md-nav--new{x:y}.md-x--open{x:y}.md-x--new{x:y}",
            ".md-nav--new{x:y}.md-x--open{x:y}",
        ),
        (".a:is(.b,.tabbed){x:y}", ".a:is(.b,.tabbed){x:y}"),
        (".a[href$='.svg']{x:y}", ".a[href$='.svg']{x:y}"),
        (r".a\:tabbed{x:y}", r".a\:tabbed{x:y}"),
        (
            "@keyframes x{from{x:y}12.5%{x:y}}",
            "@keyframes x{from{x:y}12.5%{x:y}}",
        ),
    ],
)
def test_rules(css: str, kept: str) -> None:
    """A rule goes if none of its selectors can match."""
    assert slim(css, USAGE) == kept


def test_files(tmp_path: Path) -> None:
    """All stylesheets of the folder are rewritten."""
    (tmp_path / "palette.css").write_text(INDIGO + RED)
    (tmp_path / "main.js").write_text(RED)

    slim_files(tmp_path, USAGE)

    assert (tmp_path / "palette.css").read_text() == INDIGO
    assert (tmp_path / "main.js").read_text() == RED


def test_words(tmp_path: Path) -> None:
    """Classes of pages and those that scripts set are known."""
    (tmp_path / "labs").mkdir()
    page = tmp_path / "labs" / "index.html"
    page.write_text('<p class="md-nav a_b">', encoding="utf-8")
    script = 'x.classList.add("md-nav--open")'
    (tmp_path / "site.js").write_text(script, encoding="utf-8")
    (tmp_path / "site.css").write_text(".other{}", encoding="utf-8")

    found = words(tmp_path)

    assert {"md-nav", "a_b", "md-nav--open"} <= found
    assert "other" not in found
