"""Live tests: real clusters, one after the other, on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from graders.settings import ROOT, cache_dir, state_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BIN: Final = Path(sys.executable).parent
# Images from nothing take longest; every other command is far below.
_SECONDS: Final = 3600


def run(*argv: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the kit as a student would; `more` is environment."""
    return subprocess.run(
        [str(BIN / argv[0]), *argv[1:]],
        cwd=ROOT,
        env=os.environ | more,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


def ok(*argv: str, **more: str) -> str:
    """Run a command that must succeed; return what it printed."""
    done = run(*argv, **more)
    assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def told(verb: str, since: float) -> str:
    """Return what logs of a playbook begun after `since` say."""
    logs = (state_dir("demo") / "logs").glob(f"{verb}-*.log")
    return "".join(
        log.read_text(encoding="utf-8")
        for log in logs
        if log.stat().st_mtime > since
    )


def begin(*argv: str) -> subprocess.Popen[bytes]:
    """Begin a command of the kit, in a process group of its own."""
    # Whoever runs the tests in the background has them ignore Ctrl-C, and all
    # that they start.
    heeds = ("env", "--default-signal=INT")
    return subprocess.Popen(
        [*heeds, str(BIN / argv[0]), *argv[1:]],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def eventually(holds: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something holds; fail if it does not come to hold."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.1)


@pytest.fixture(scope="session", autouse=True)
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the kit's folders where paths have spaces, as a Mac's have.

    What is in the cache took long to make, and stays where it is.
    """
    folder = tmp_path_factory.mktemp("the kit")
    real = cache_dir()
    real.mkdir(parents=True, exist_ok=True)
    (folder / "the cache").symlink_to(real)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METALLB_LAB_STATE", str(folder / "the state"))
        patch.setenv("METALLB_LAB_CACHE", str(folder / "the cache"))
        yield


@pytest.fixture(scope="session")
def fresh() -> str:
    """Stand a fresh lab up; say what that printed.

    The engine and the images come first: only then can what an earlier run
    left be seen and taken down.
    """
    ok("lab", "images", "get")
    run("lab", "down")
    return ok("lab", "up")


@pytest.fixture(scope="session")
def second(fresh: str) -> Iterator[str]:
    """Stand a second student's lab up, and take it down at the end."""
    del fresh
    name = "ada"
    run("lab", "down", "--student", name)
    ok("lab", "up", "--student", name)
    yield name
    ok("lab", "down", "--student", name)


@pytest.fixture
def docker() -> Callable[..., str]:
    """Call docker and return its output."""

    def call(*argv: str) -> str:
        done = subprocess.run(
            ["docker", *argv], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    return call
