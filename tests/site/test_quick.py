"""What pages cost a reader: bytes and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from selenium.webdriver.support.ui import WebDriverWait

if TYPE_CHECKING:
    from collections import Counter

    from selenium import webdriver

FIRST_PAGE_BYTES: Final = 300_000
SEARCH: Final = "/search/search_index"


def test_the_first_page_is_light(
    browser: webdriver.Chrome, root: str, sent: Counter[str]
) -> None:
    """All that it loads is 300 kB at most, the search's index left out.

    Nothing is compressed: a host that does makes it less.
    """
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd(
        "Network.setCacheDisabled", {"cacheDisabled": True}
    )
    sent.clear()
    browser.get(f"{root}/index.html")
    # The index is the last that a page asks for.
    WebDriverWait(browser, 15, 0.1).until(
        lambda _: any(path.startswith(SEARCH) for path in sent)
    )
    browser.execute_cdp_cmd(
        "Network.setCacheDisabled", {"cacheDisabled": False}
    )

    weight = {
        path: size
        for path, size in sent.items()
        if not path.startswith(SEARCH)
    }
    assert "/index.html" in weight
    assert sum(weight.values()) <= FIRST_PAGE_BYTES, weight
