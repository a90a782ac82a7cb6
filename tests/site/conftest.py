"""The site, built and served on loopback, and a real browser."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from graders.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--window-size=1280,1000",
)


@dataclass(frozen=True)
class Built:
    """One edition: its folder, and the seconds of a processor that it took.

    A build uses one processor; other work on the computer does not count.
    """

    folder: Path
    seconds: float

    def pages(self) -> list[Path]:
        """Return all pages, the one for lost readers left out."""
        found = sorted(self.folder.rglob("*.html"))
        return [page for page in found if page.name != "404.html"]


def _build(edition: str, folder: Path) -> Built:
    begun = _processor_time()
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"],
        cwd=ROOT,
        env=os.environ
        | {
            "EDITION": edition,
            "SITE_DIR": str(folder),
            "NO_MKDOCS_2_WARNING": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Built(folder, _processor_time() - begun)


def _processor_time() -> float:
    """Return the seconds that processes which have ended took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.fixture(scope="session")
def student(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the student's edition."""
    return _build("student", tmp_path_factory.mktemp("site") / "student")


@pytest.fixture(scope="session")
def instructor(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the instructor's edition."""
    return _build("instructor", tmp_path_factory.mktemp("site") / "all")


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files, writes no log, and counts what each of them weighs."""

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - the library's own
        sent: Counter[str],
        **more: Any,  # noqa: ANN401 - as above
    ) -> None:
        """Serve one request; `sent` gets its bytes."""
        self._sent = sent
        super().__init__(*args, **more)

    def send_header(self, keyword: str, value: str) -> None:
        """Send a header; the length of the body is noted, too."""
        if keyword == "Content-Length":
            self._sent[self.path] += int(value)
        super().send_header(keyword, value)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture(scope="session")
def sent() -> Counter[str]:
    """Count the bytes, not compressed, that were served, by path."""
    return Counter()


@pytest.fixture(scope="session")
def root(student: Built, sent: Counter[str]) -> Iterator[str]:
    """Serve the student's edition; yield its address, without a slash."""
    handler = partial(_Quiet, directory=str(student.folder), sent=sent)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def chrome(root: str) -> Iterator[webdriver.Chrome]:
    """Start a browser, once; selenium must not look for one by itself."""
    del root
    options = webdriver.ChromeOptions()
    names = ("chromium", "google-chrome")
    options.binary_location = next(filter(None, map(shutil.which, names)))
    for flag in _FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = Service(shutil.which("chromedriver"))
    browser = webdriver.Chrome(options=options, service=service)
    yield browser
    browser.quit()


@pytest.fixture
def browser(chrome: webdriver.Chrome, root: str) -> webdriver.Chrome:
    """Give the browser to a test, with nothing remembered."""
    chrome.get(f"{root}/index.html")
    chrome.execute_script("localStorage.clear()")
    chrome.get_log("browser")  # type: ignore[no-untyped-call] # selenium has types only in part
    return chrome
