"""Every page: accessible, legible, and asking nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from selenium_axe_python import (  # type: ignore[attr-defined] # it lists nothing
    Axe,
)

from graders.labfile import all_labs

if TYPE_CHECKING:
    from selenium import webdriver

    from .conftest import Built


def _pages(student: Built) -> list[str]:
    return [
        page.relative_to(student.folder).as_posix() for page in student.pages()
    ]


def test_every_page_is_accessible_and_asks_nobody_else(
    browser: webdriver.Chrome, root: str, student: Built
) -> None:
    """Axe finds nothing; no script errs; no request leaves the site."""
    wrong = {}
    pages = _pages(student)
    for page in pages:
        browser.get(f"{root}/{page}")
        axe = Axe(browser)
        axe.inject()  # type: ignore[no-untyped-call] # it has few types
        violations = axe.run()["violations"]
        asked = browser.execute_script(
            "return performance.getEntriesByType('resource')"
            ".map((one) => one.name)"
        )
        problems = [
            f"{one['id']}: {one['nodes'][0]['html'][:120]}"
            for one in violations
        ]
        problems += [one for one in asked if not one.startswith(root)]
        told = browser.get_log("browser")  # type: ignore[no-untyped-call] # as above
        problems += [
            one["message"] for one in told if one["level"] == "SEVERE"
        ]
        if problems:
            wrong[page] = problems

    assert len(pages) > len(all_labs())
    assert wrong == {}


@pytest.mark.parametrize("page", ["index", "quiz", "labs/lab-3-bgp-ecmp"])
def test_the_dark_is_legible(
    browser: webdriver.Chrome, root: str, page: str
) -> None:
    """Contrast is enough in dark colours, too."""
    browser.get(f"{root}/{page}.html")
    browser.execute_script(
        "const quick = document.createElement('style');"
        "quick.textContent = '* { transition: none !important; }';"
        "document.head.append(quick);"
        "document.body.dataset.mdColorScheme = arguments[0]",
        "slate",
    )
    axe = Axe(browser)
    axe.inject()  # type: ignore[no-untyped-call] # it has few types
    found = axe.run()["violations"]

    faint = [
        (node["html"][:100], node["any"][0]["message"][:90])
        for one in found
        if one["id"] == "color-contrast"
        for node in one["nodes"]
    ]
    assert faint == []


@pytest.mark.parametrize("page", ["index", "quiz", "labs/lab-3-bgp-ecmp"])
def test_a_phone_scrolls_one_way(
    browser: webdriver.Chrome, root: str, page: str
) -> None:
    """Nothing is wider than a narrow screen but what scrolls by itself."""
    size = browser.get_window_size()
    browser.set_window_size(500, 900)
    try:
        browser.get(f"{root}/{page}.html")
        script = (
            "return document.documentElement.scrollWidth"
            " - document.documentElement.clientWidth"
        )
        assert browser.execute_script(script) <= 0
    finally:
        browser.set_window_size(size["width"], size["height"])
