"""Live tests on real clusters, a student for each worker of xdist."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from graders.plan.plan import DEMO
from graders.settings import ROOT, cache_dir, state_dir
from tests import state
from tests.commands import output
from tests.depth import choose
from tests.distribution import GroupScheduling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xdist.remote import Producer

BIN: Final = Path(sys.executable).parent
# Two students' labs run side by side on one machine: so do two workers.
_STUDENTS: Final = {"master": DEMO, "gw0": DEMO, "gw1": "ada"}
STUDENT: Final = _STUDENTS[os.environ.get("PYTEST_XDIST_WORKER", "master")]
# Their tests need nothing of each other.
_INDEPENDENT: Final = frozenset(
    {
        "test_20_proof.py",
        "test_40_trouble.py",
        "test_45_damage.py",
        "test_46_meeting.py",
        "test_56_submit.py",
        "test_60_pages.py",
    }
)
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
    return output(run(*argv, **more))


def told(verb: str, since: float) -> str:
    """Return what logs of a playbook begun after `since` say."""
    logs = (state_dir(STUDENT) / "logs").glob(f"{verb}-*.log")
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


def eventually(holds: Callable[[], object], seconds: float = 180) -> None:
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
    folder = state.new_folder(tmp_path_factory, "the kit")
    real = cache_dir()
    real.mkdir(parents=True, exist_ok=True)
    (folder / "the cache").symlink_to(real)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METALLB_LAB_STATE", str(folder / "the state"))
        patch.setenv("METALLB_LAB_CACHE", str(folder / "the cache"))
        patch.setenv("STUDENT", STUDENT)
        yield


def pytest_report_header() -> str:
    """Say where logs are kept."""
    return state.header()


def pytest_xdist_make_scheduler(
    config: pytest.Config, log: Producer
) -> GroupScheduling:
    """Keep each file on one worker; proofs go to whichever is free."""
    return GroupScheduling(config, log, _group_of)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave a run of one part its tests."""
    choose(config, items, _unit_of)


def _unit_of(item: pytest.Item) -> str:
    file = item.path.name
    if file == "test_10_up.py":
        return ""
    return item.nodeid if file in _INDEPENDENT else file


def _group_of(nodeid: str) -> str:
    file = nodeid.partition("::")[0]
    return nodeid if file.endswith("/test_20_proof.py") else file


@pytest.fixture(scope="session")
def fresh() -> Iterator[str]:
    """Start a fresh cluster; yield what that printed.

    The engine and the images come first: only then can what an earlier run
    left be seen and removed.
    """
    ok("lab", "images", "get")
    run("lab", "down")
    yield ok("lab", "up")
    if STUDENT != DEMO:
        ok("lab", "down")


@pytest.fixture(scope="session")
def second(fresh: str) -> Iterator[str]:
    """Stand a second student's lab up, and take it down at the end."""
    del fresh
    name = "bob"
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
