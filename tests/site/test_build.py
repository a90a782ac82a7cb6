"""What stands in the built site, and what must not."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

from graders.course.lab import all_labs
from graders.course.templates import names, render
from graders.plan.plan import make_plan
from graders.settings import KIND, SOLUTIONS

if TYPE_CHECKING:
    from .conftest import Built

TAG = re.compile(r"<[^>]+>")
# What a page loads by itself; a link to another site loads nothing.
LOADED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"([^\"]+)\""
    r"|<link\b(?=[^>]*rel=\"(?:stylesheet|icon|preload|preconnect)\")"
    r"[^>]*\bhref=\"([^\"]+)\""
)
TITLE = re.compile(r"<title>(.*?)</title>")
DESCRIPTION = re.compile(r'<meta name="description" content="([^"]*)"')
# What of a walkthrough is not prose: its front matter and its blocks.
CODE = re.compile(r"^---.*?^---$|```.*?```", re.DOTALL | re.MULTILINE)


def _text(site: Built) -> str:
    """Return all that can be read on a site, as one line of words."""
    texts = [page.read_text(encoding="utf-8") for page in site.pages()]
    texts += [
        file.read_text(encoding="utf-8")
        for file in site.folder.rglob("search*")
        if file.suffix in {".json", ".js"} and file.is_file()
    ]
    return " ".join(html.unescape(TAG.sub(" ", "\n".join(texts))).split())


def _telling() -> list[str]:
    """Return a sentence of each walkthrough, as it can be read on a page."""
    found = []
    values = names(make_plan(), KIND)
    for path in sorted(SOLUTIONS.rglob("*.md")):
        text = render(path.read_text(encoding="utf-8"), values)
        prose = re.sub(
            r"^---.*?^---$|```.*?```", "", text, flags=re.DOTALL | re.MULTILINE
        )
        lines = [
            line
            for line in prose.splitlines()
            if len(line) > 40 and not re.search(r"[`*\[\]#|<&]", line)
        ]
        if lines:
            found.append(" ".join(max(lines, key=len).split()))
    return found


def test_no_solution_is_in_the_students_edition(
    student: Built, instructor: Built
) -> None:
    """Each walkthrough can be read in one edition, and in no other."""
    telling = _telling()
    mine, theirs = _text(student), _text(instructor)

    assert len(telling) > len(list(SOLUTIONS.rglob("*.md"))) * 0.9
    assert [one for one in telling if one not in theirs] == []
    assert [one for one in telling if one in mine] == []
    assert not (student.folder / "solutions").exists()


def test_faults_are_named_to_instructors_only(student: Built) -> None:
    """The student's edition does not say which faults there are.

    A page may start one, as the worked example does.
    """
    text = re.sub(r"--variant [\w-]+", "", _text(student))

    named = [
        name
        for lab in all_labs()
        for name in lab.variants
        if "-" in name and f" {name} " in text
    ]
    assert named == []


def test_every_lab_has_its_page(student: Built) -> None:
    """With its title, its checks, and its hints."""
    for lab in all_labs():
        page = student.folder / "labs" / f"{lab.id}.html"
        text = page.read_text(encoding="utf-8")
        assert lab.title in text
        assert all(f"<code>{name}</code>" in text for name in lab.checks)
        assert text.count('class="question"') >= len(lab.checks)


def test_nothing_is_loaded_from_elsewhere(
    student: Built, instructor: Built
) -> None:
    """Scripts, styles and pictures are files of the site."""
    for site in (student, instructor):
        for page in site.pages():
            text = page.read_text(encoding="utf-8")
            loaded = [one or two for one, two in LOADED.findall(text)]
            assert loaded
            for target in loaded:
                assert not re.match(r"[a-z]+:|//", target), (page, target)
                path = target.partition("?")[0]
                assert (page.parent / path).resolve().is_file(), target


@pytest.mark.parametrize("edition", ["student", "instructor"])
def test_each_page_says_what_it_is(
    edition: str, request: pytest.FixtureRequest
) -> None:
    """Language, viewport, and a title and description of its own.

    Lighthouse asks for these: html-has-lang, viewport, document-title and
    meta-description (developer.chrome.com/docs/lighthouse). That no other
    page has the same title is rule 2.4.2 of WCAG, and for descriptions what
    Google's guide on snippets asks for.
    """
    pages = request.getfixturevalue(edition).pages()
    found: dict[str, list[str]] = {}
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert '<html lang="en"' in text, page
        assert re.search(r'name="viewport" content="width=device-', text), page
        for part in (TITLE, DESCRIPTION):
            said = part.findall(text)
            assert len(said) == 1, page
            assert said[0].strip(), page
            found.setdefault(said[0], []).append(page.name)

    assert len(found) == 2 * len(pages), [
        (said, names) for said, names in found.items() if len(names) > 1
    ]


@pytest.mark.parametrize("edition", ["student", "instructor"])
def test_it_is_built_in_time(
    edition: str, request: pytest.FixtureRequest
) -> None:
    """A build takes 15 s of a processor, on a busy one twice that at most."""
    assert request.getfixturevalue(edition).seconds <= 30
