"""The report of a class in a real browser, from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from selenium_axe_python import (  # type: ignore[attr-defined] # it lists nothing
    Axe,
)

from graders.classroom.regraded import Work
from graders.classroom.report import to_report
from graders.classroom.report_page import to_html
from tests.regraded_rows import refused, row

if TYPE_CHECKING:
    from pathlib import Path

    from selenium import webdriver

WORK = Work(
    attempts=3,
    hints=2,
    minutes=40,
    gave_up=True,
    first_broken_layer="allocation",
    failing={"vip": 900},
    hints_read={"vip": 2},
    tries={"neighbours": 2},
)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return a report with a row of each kind."""
    rows = [
        row("ada", work=WORK),
        row("bob", failed="vip", status="differs", reasons=("vip: claimed",)),
        refused(),
        refused("mallory", status="stopped", reasons=("no end",)),
        refused("zoe", status="error", reasons=("no engine",)),
    ]
    file = tmp_path / "report.html"
    file.write_text(to_html(to_report(rows)), encoding="utf-8")
    return file


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible_from_a_file(
    chrome: webdriver.Chrome, page: Path, scheme: str
) -> None:
    """By the rules of axe, in both colour schemes."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    # axe is a script, which the page itself does not allow.
    chrome.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
    try:
        chrome.get(page.as_uri())
        axe = Axe(chrome)
        axe.inject()  # type: ignore[no-untyped-call] # it has few types
        found = axe.run()["violations"]
    finally:
        chrome.execute_cdp_cmd("Page.setBypassCSP", {"enabled": False})

    assert [one["id"] for one in found] == []


def test_it_asks_for_nothing(chrome: webdriver.Chrome, page: Path) -> None:
    """Names are the teacher's data: nothing leaves the machine."""
    chrome.get(page.as_uri())

    asked = chrome.execute_script(
        "return performance.getEntriesByType('resource').length"
    )
    assert asked == 0
    assert chrome.find_elements("tag name", "script") == []


def test_wide_tables_scroll_by_themselves(
    chrome: webdriver.Chrome, page: Path
) -> None:
    """On a phone the page itself stays as wide as the screen."""
    size = {"width": 360, "height": 800, "deviceScaleFactor": 1}
    chrome.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {**size, "mobile": True}
    )
    try:
        chrome.get(page.as_uri())
        wide = chrome.execute_script(
            "return document.documentElement.scrollWidth"
        )
    finally:
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    assert wide <= 360
