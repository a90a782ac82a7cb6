"""Links of the built pages, and a build that must not come to its end."""

from __future__ import annotations

import os
import posixpath
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import pytest

from graders.settings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Built

UNANSWERED: Final = """\
- id: new
  question: q
  kind: choice
  explanation: e
  choices:
    - {text: a, right: false, why: w}
    - {text: b, right: false, why: w}"""
# What is broken at once: the file, what is written at its end (nothing: it
# is gone), and what the build says. Labs are read first, then questions,
# then pages.
BROKEN: Final = {
    "no brief": [
        (
            "labs/lab-2-layer-2/README.md",
            "",
            "labs/lab-2-layer-2/README.md must be there",
        ),
    ],
    "unanswered question": [
        (
            "docs/quiz.yml",
            UNANSWERED,
            "docs/quiz.yml:{line}: question 'new' must have an answer",
        ),
    ],
    "pages": [
        (
            "docs/grading.md",
            "[x](nowhere.md)",
            "docs/grading.md:{line}: link to nowhere.md: no such page",
        ),
        (
            "docs/grading.md",
            "[x](json.md#nowhere)",
            "docs/grading.md:{line}: the link's #nowhere must be a heading",
        ),
        (
            "docs/module/part-4-bgp.md",
            "{{ bgp_vipp }}",
            "docs/module/part-4-bgp.md:{line}: names in",
        ),
        (
            "labs/lab-1-pending-service/README.md",
            "{{ pol }}",
            "labs/lab-1-pending-service/README.md:{line}: names in",
        ),
        (
            "docs/module/worked-example.md",
            "```shell runable\ntrue\n```",
            "docs/module/worked-example.md:{line}: after ```shell may come",
        ),
        (
            "docs/bench.json",
            "[]",
            "docs/bench.json:{line} must be JSON",
        ),
    ],
}


class _Page(HTMLParser):
    """Collects a page's links and the headings that can be linked."""

    def __init__(self, text: str) -> None:
        """Read the whole page."""
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        """Note an element's id, and where it leads if it is a link."""
        found = {key: value or "" for key, value in attrs}
        self.ids.add(found.get("id", ""))
        if tag == "a" and "href" in found:
            self.links.append(found["href"])


def _broken(uri: str, pages: dict[str, _Page], folder: Path) -> list[str]:
    """Return the page's links that lead to nothing on the site."""
    found = []
    for link in pages[uri].links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        path = posixpath.join(posixpath.dirname(uri), unquote(parts.path))
        to = posixpath.normpath(path) if parts.path else uri
        there = to in pages or (folder / to).is_file()
        ids = pages[to].ids if to in pages else {parts.fragment}
        if not there or (parts.fragment and parts.fragment not in ids):
            found.append(f"{uri}: {link}")
    return found


@pytest.mark.parametrize("edition", ["student", "instructor"])
def test_every_link_leads_somewhere(
    edition: str, request: pytest.FixtureRequest
) -> None:
    """The pages and headings that pages link to are there."""
    built: Built = request.getfixturevalue(edition)
    pages = {
        page.relative_to(built.folder).as_posix(): _Page(
            page.read_text(encoding="utf-8")
        )
        for page in built.pages()
    }

    assert sum(len(page.links) for page in pages.values()) > 1000
    assert [
        link for uri in pages for link in _broken(uri, pages, built.folder)
    ] == []


def test_the_source_of_the_quiz_is_not_published(student: Built) -> None:
    """It has the answers."""
    assert list(student.folder.rglob("*.yml")) == []


def _copy(folder: Path) -> Path:
    """Copy what a build reads, so that it can be broken."""
    for name in ("docs", "graders", "labs", "solutions"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("mkdocs.yml", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def _broken_file(file: Path, text: str) -> int:
    """Write at a file's end, or remove it; return the line written."""
    if not text:
        file.unlink()
        return 0
    before = file.read_text(encoding="utf-8").rstrip("\n")
    file.write_text(f"{before}\n\n{text}\n", encoding="utf-8")
    return before.count("\n") + 3


@pytest.mark.parametrize("case", BROKEN)
def test_bad_input_ends_the_build(case: str, tmp_path: Path) -> None:
    """Each message has file and line, all come at once, with no traceback."""
    kit = _copy(tmp_path / "kit")
    wanted = [
        message.format(line=_broken_file(kit / name, text))
        for name, text, message in BROKEN[case]
    ]
    # The folder that it runs in comes first: the copy's own graders.
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet"],
        cwd=kit,
        env=os.environ | {"SITE_DIR": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert [one for one in wanted if one not in done.stderr] == []
    assert "Traceback" not in done.stderr
