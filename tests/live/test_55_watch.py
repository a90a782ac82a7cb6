"""`lab watch` shows what a student does, within seconds and for little."""

from __future__ import annotations

import os
import signal
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from graders.course.lab import load_lab
from graders.course.templates import names
from graders.course.walkthrough import read_walkthrough
from graders.proof.driver import LabDriver
from graders.proof.typist import ShellSession
from graders.proof.watching import PlainWatch, delays
from graders.providers.kind_location import locate
from graders.settings import ROOT, SOLUTIONS
from tests.depth import thorough

from .conftest import BIN, STUDENT, ok, run
from .test_10_up import ENGINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Record = Callable[[str, object], None]

pytestmark = [pytest.mark.usefixtures("fresh"), pytest.mark.machine]

LAB: Final = "1"
VARIANT: Final = "auto-assign-off"
_BROKEN: Final = "First broken layer: allocation"
_SOON_S: Final = 3.0
_IDLE_S: Final = 20.0
_IDLE_SHARE: Final = 0.05


def _watch() -> PlainWatch:
    """Watch the lab in another terminal."""
    return PlainWatch([str(BIN / "lab"), "watch", "--plain"], ROOT)


@pytest.fixture(scope="module")
def watch(fresh: str) -> Iterator[PlainWatch]:
    """Start the lab, and watch it until its fault is shown."""
    del fresh
    ok("lab", "start", LAB, "--variant", VARIANT)
    watch = _watch()
    begin = time.monotonic()
    assert watch.find(_BROKEN, begin, 30), watch.text()
    yield watch
    watch.close()


@pytest.fixture(scope="module")
def shell() -> Iterator[ShellSession]:
    """Open the shell that `lab shell` opens."""
    driver = LabDriver(locate(STUDENT).plan, print, load_lab(LAB), VARIANT)
    session = ShellSession(driver.shell("shell"), 60)
    yield session
    session.close()


def test_solution(watch: PlainWatch, record_property: Record) -> None:
    """What a line of the solution changes is shown within 3 s (median)."""
    plan, lab = locate(STUDENT).plan, load_lab(LAB)
    file = SOLUTIONS / lab.id / f"{VARIANT}.md"
    driver = LabDriver(plan, print, lab, VARIANT)

    seconds = delays(watch, read_walkthrough(file, names(plan)), driver.shell)

    assert watch.turns_right(30), watch.text()
    assert seconds, watch.text()
    record_property("seconds until a change was shown", seconds)
    assert statistics.median(seconds) <= _SOON_S, seconds


def test_machine(
    watch: PlainWatch, shell: ShellSession, record_property: Record
) -> None:
    """A change on a machine turns red, and green once it is undone."""
    vip = f"{locate(STUDENT).plan.neighbour_vips['billing']}/32"
    seconds = []
    for verb, verdict in (("add", "FAIL"), ("del", "PASS")):
        begin = time.monotonic()
        line = f"on lan-client ip route {verb} blackhole {vip}"
        shell.type([line], "a line")
        shown = watch.find(rf"{verdict} policy: No machine", begin, 15)
        assert shown, watch.text()
        seconds.append(shown - begin)
    record_property("seconds until a machine's change was shown", seconds)
    assert max(seconds) <= 2 * _SOON_S


def test_grade(watch: PlainWatch) -> None:
    """A grade is waited for, and counted."""
    begin = time.monotonic()

    ok("grade")

    assert watch.find("waiting for `grade`", begin, 10), watch.text()
    assert watch.find("attempts 1", begin, 10), watch.text()


def test_idle(watch: PlainWatch, record_property: Record) -> None:
    """While nothing happens, it needs next to no processor time."""
    time.sleep(15)
    before = _cpu_seconds(watch.pid)

    time.sleep(_IDLE_S)

    share = (_cpu_seconds(watch.pid) - before) / _IDLE_S
    record_property("share of one core while idle", share)
    assert share <= _IDLE_SHARE


def test_end(watch: PlainWatch) -> None:
    """Ctrl-C ends it at once, and leaves nothing on the machines."""
    assert watch.close() == 130
    left = ok("lab", "status")
    assert "lab-1" in left


@pytest.fixture(scope="module")
def broken(fresh: str) -> Iterator[PlainWatch]:
    """Break the lab again, and watch that by another process."""
    del fresh
    ok("lab", "start", LAB, "--variant", VARIANT)
    with _watch() as watch:
        assert watch.find(_BROKEN, 0, 30), watch.text()
        yield watch


def test_two(broken: PlainWatch) -> None:
    """A second watch shows the same, and ending it disturbs nothing."""
    with _watch() as second:
        assert second.find(_BROKEN, 0, 30), second.text()
        assert second.close() == 130

    begin = time.monotonic()
    assert run("grade").returncode == 1
    assert broken.find(_BROKEN, begin, 30), broken.text()


@thorough
@pytest.mark.usefixtures("broken")
def test_kill() -> None:
    """After kill -9 of a watch, the lab can be graded, and watched."""
    with _watch() as second:
        assert second.find(_BROKEN, 0, 30), second.text()
        os.kill(second.pid, signal.SIGKILL)

    assert run("grade").returncode == 1
    with _watch() as third:
        assert third.find(_BROKEN, 0, 30), third.text()


@thorough
def test_reset(broken: PlainWatch) -> None:
    """A reset is waited for; then the lab is judged again."""
    begin = time.monotonic()

    ok("lab", "reset")

    assert broken.find("waiting for `lab reset`", begin, 10), broken.text()
    end = time.monotonic()
    assert broken.find(_BROKEN, end, 30), broken.text()


@thorough
def test_engine_stopped(broken: PlainWatch) -> None:
    """What cannot be seen without an engine is said; later it is judged."""
    if not ENGINE.exists():
        pytest.skip("the engine was not started by the kit")
    ok("lab", "engine", "stop")
    stopped = time.monotonic()
    assert broken.find("engine|cannot check", stopped, 90), broken.text()

    ok("lab", "up")

    back = time.monotonic()
    assert broken.find(_BROKEN, back, 60), broken.text()


@thorough
def test_down(broken: PlainWatch) -> None:
    """A lab that was taken down is said to be gone; the next one is shown."""
    ok("lab", "down")
    gone = time.monotonic()
    assert broken.find("no lab|`lab up`|make lab", gone, 30), broken.text()

    ok("lab", "start", LAB, "--variant", VARIANT)

    back = time.monotonic()
    assert broken.find(_BROKEN, back, 60), broken.text()
    assert broken.close() == 130


def _cpu_seconds(pid: int) -> float:
    """Return the processor time of a process and its children so far."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat.parent.name) == pid or int(fields[1]) == pid:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
