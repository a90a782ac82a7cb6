"""Rules that match nothing on the site are left out, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.site.styles import slim, slim_files

if TYPE_CHECKING:
    from pathlib import Path

INDIGO = "[data-md-color-primary=indigo]{color:#4051b5}"
RED = "[data-md-color-primary=red]{color:#f00}"


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
    ],
)
def test_rules(css: str, kept: str) -> None:
    """A rule goes if none of its selectors can match."""
    assert slim(css, {"indigo"}) == kept


def test_files(tmp_path: Path) -> None:
    """All stylesheets of the folder are rewritten."""
    (tmp_path / "palette.css").write_text(INDIGO + RED)
    (tmp_path / "main.js").write_text(RED)

    slim_files(tmp_path, {"indigo"})

    assert (tmp_path / "palette.css").read_text() == INDIGO
    assert (tmp_path / "main.js").read_text() == RED
