"""The charts of the benchmarks in a real browser, in light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from selenium import webdriver

# WCAG 2.1, 1.4.3 for text and 1.4.11 for graphics.
TEXT_CONTRAST: Final = 4.5
GRAPHIC_CONTRAST: Final = 3.0
LOOK: Final = """
document.body.dataset.mdColorScheme = arguments[0];
const brush = document.createElement("canvas").getContext("2d");

function painted(...colours) {
  for (const colour of colours) {
    brush.fillStyle = colour;
    brush.fillRect(0, 0, 1, 1);
  }
  const linear = [...brush.getImageData(0, 0, 1, 1).data].map((part) =>
    part / 255 <= 0.04045 ? part / 255 / 12.92
      : ((part / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

function contrast(node) {
  const ground = getComputedStyle(document.body).backgroundColor;
  const [dark, light] = [painted(ground),
    painted(ground, getComputedStyle(node).fill)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const lowest = (nodes) => Math.min(...[...nodes].map(contrast));
return [...document.querySelectorAll(".charts svg")].map((svg) => [
  lowest(svg.querySelectorAll("text")),
  lowest([...svg.querySelectorAll("path")].filter((path) =>
    !["none", "rgba(0, 0, 0, 0)"].includes(getComputedStyle(path).fill))),
  Math.min(...[...svg.querySelectorAll("text")].map((text) =>
    text.getBoundingClientRect().height)),
]);
"""


@pytest.mark.parametrize("scheme", ["default", "slate"])
def test_charts_can_be_read(
    browser: webdriver.Chrome, root: str, scheme: str
) -> None:
    """Text and bars differ enough from the page, and letters are not tiny."""
    browser.get(f"{root}/bench.html")

    found = browser.execute_script(LOOK, scheme)

    assert len(found) >= 5
    for text, graphic, height in found:
        assert text >= TEXT_CONTRAST
        assert graphic >= GRAPHIC_CONTRAST
        assert height >= 10


def test_pictures_come_first(browser: webdriver.Chrome, root: str) -> None:
    """The table, which has all numbers as text, comes after them."""
    browser.get(f"{root}/bench.html")

    names = browser.execute_script(
        "return [...document.querySelectorAll('.charts svg, article table')]"
        ".map((one) => one.tagName.toLowerCase())"
    )

    assert names[:5] == ["svg"] * 5
    assert "table" in names
    assert names == sorted(names)
