"""Every page in a real browser: accessible, steady, asking nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest
from selenium_axe_python import (  # type: ignore[attr-defined] # it lists nothing
    Axe,
)

from graders.course.lab import all_labs

if TYPE_CHECKING:
    from selenium import webdriver

    from .conftest import Built

MOST_SHIFTED: Final = 0.1
MOST_MS: Final = 2500
LOOK: Final = """
const done = arguments[0];
const still = document.createElement("style");
still.textContent = "* { transition: none !important; }";

function seen(type) {
  return new Promise((resolve) => {
    new PerformanceObserver((list, me) => {
      me.disconnect();
      resolve(list.getEntries());
    }).observe({ type, buffered: true });
    setTimeout(() => resolve([]), 100);
  });
}

async function violations(scheme, where, options) {
  document.body.dataset.mdColorScheme = scheme;
  const told = { ...options, resultTypes: ["violations"] };
  const found = await axe.run(where, told);
  return found.violations.flatMap((one) => one.nodes.map((node) =>
    `${scheme}: ${one.id}: ${node.html.slice(0, 120)}`));
}

// One text for each way of looking: same tags and classes, same colours.
function samples() {
  const found = new Map();
  for (const one of document.querySelectorAll("body *")) {
    const own = [...one.childNodes].some((node) =>
      node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!own || !one.checkVisibility()) continue;
    const chain = [];
    for (let at = one; at; at = at.parentElement) {
      chain.push(at.tagName, at.getAttribute("class"));
    }
    const kind = chain.join(" ");
    if (!found.has(kind)) found.set(kind, one);
  }
  return { include: [...found.values()] };
}

(async () => {
  const types = ["layout-shift", "largest-contentful-paint"];
  const [shifts, paints] = await Promise.all(types.map(seen));
  const asked = performance.getEntriesByType("resource");
  document.head.append(still);
  // Contrast takes as long as all the rest, so not every text is looked at.
  const others = { rules: { "color-contrast": { enabled: false } } };
  const texts = samples();
  const contrast = { runOnly: { type: "rule", values: ["color-contrast"] } };
  done({
    asked: asked.map((one) => one.name),
    shifted: shifts.reduce((sum, one) => sum + one.value, 0),
    painted: paints.map((one) => one.startTime),
    violations: [
      ...await violations("default", document, others),
      ...await violations("default", texts, contrast),
      ...await violations("slate", texts, contrast),
    ],
  });
})();
"""


@dataclass(frozen=True)
class Visit:
    """What one look at a page has shown."""

    asked: list[str]
    shifted: float
    painted: list[float]
    violations: list[str]
    errors: list[str]


def _visit(chrome: webdriver.Chrome, address: str) -> Visit:
    chrome.get(address)
    Axe(chrome).inject()  # type: ignore[no-untyped-call] # it has few types
    found: dict[str, Any] = chrome.execute_async_script(LOOK)
    told = chrome.get_log("browser")  # type: ignore[no-untyped-call] # as above
    errors = [one["message"] for one in told if one["level"] == "SEVERE"]
    return Visit(errors=errors, **found)


@pytest.fixture(scope="module")
def visits(
    chrome: webdriver.Chrome, root: str, student: Built
) -> dict[str, Visit]:
    """Look at each page once, for all tests of this file."""
    chrome.get(f"{root}/index.html")
    chrome.execute_script("localStorage.clear()")
    chrome.get_log("browser")  # type: ignore[no-untyped-call] # as above
    pages = [
        page.relative_to(student.folder).as_posix() for page in student.pages()
    ]
    return {page: _visit(chrome, f"{root}/{page}") for page in pages}


def test_every_page_is_looked_at(visits: dict[str, Visit]) -> None:
    """Those of labs, too."""
    assert len(visits) > len(all_labs()) + 20


def test_every_page_is_accessible(visits: dict[str, Visit]) -> None:
    """Axe finds nothing; contrast is enough in light and in dark colours."""
    assert {
        page: one.violations for page, one in visits.items() if one.violations
    } == {}


def test_no_page_errs(visits: dict[str, Visit]) -> None:
    """The console has no error (Lighthouse: errors-in-console)."""
    assert {
        page: one.errors for page, one in visits.items() if one.errors
    } == {}


def test_no_page_asks_anybody_else(
    visits: dict[str, Visit], root: str
) -> None:
    """No request leaves the site."""
    assert {
        page: asked
        for page, one in visits.items()
        if (asked := [name for name in one.asked if not name.startswith(root)])
    } == {}


def test_no_page_jumps(visits: dict[str, Visit]) -> None:
    """The cumulative layout shift is 0.1 at most: "good" by web.dev/cls.

    All shifts are added up, which is never less than what that counts.
    """
    assert {
        page: one.shifted
        for page, one in visits.items()
        if one.shifted > MOST_SHIFTED
    } == {}


def test_every_page_is_painted_soon(visits: dict[str, Visit]) -> None:
    """The largest paint comes within 2.5 s: "good" by web.dev/lcp.

    From this machine to itself, so it bounds what the browser has to do and
    not what a network takes.
    """
    assert {
        page: one.painted
        for page, one in visits.items()
        if not one.painted or max(one.painted) > MOST_MS
    } == {}


@pytest.mark.parametrize(
    "page", ["bench", "index", "quiz", "labs/lab-3-bgp-ecmp"]
)
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
