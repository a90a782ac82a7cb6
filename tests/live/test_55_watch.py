"""`lab watch` shows what a student does, within seconds and for little."""

from __future__ import annotations

import contextlib
import os
import re
import statistics
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pexpect
import pytest

from graders.course.lab import load_lab
from graders.course.templates import names
from graders.course.walkthrough import read_walkthrough
from graders.proof.driver import LabDriver
from graders.proof.typist import ShellSession
from graders.providers.kind_location import locate
from graders.settings import ROOT, SOLUTIONS

from .conftest import BIN, STUDENT, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Record = Callable[[str, object], None]

pytestmark = [pytest.mark.usefixtures("fresh"), pytest.mark.machine]

LAB: Final = "1"
VARIANT: Final = "auto-assign-off"
# Lines that may change what a check sees.
_CHANGE: Final = re.compile(
    r"\b(apply|patch|create|delete|annotate|label|scale|rollout|replace)\b"
)
_VERDICT: Final = re.compile(r"\d\d:\d\d:\d\d (PASS|FAIL) ")
# After this time a line has changed no verdict.
_WAIT_S: Final = 10.0
_SOON_S: Final = 3.0
_IDLE_S: Final = 20.0
_IDLE_SHARE: Final = 0.05


class Watch:
    """`lab watch --plain`, and when it printed each line."""

    def __init__(self) -> None:
        """Start it."""
        self.lines: list[tuple[float, str]] = []
        self._child = pexpect.spawn(
            str(BIN / "lab"),
            ["watch", "--plain"],
            cwd=str(ROOT),
            encoding="utf-8",
            timeout=None,
            dimensions=(24, 500),
        )
        assert self._child.pid
        self.pid: int = self._child.pid
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        # `close` may close the terminal first.
        with contextlib.suppress(OSError, ValueError):
            for line in self._child:
                self.lines.append((time.monotonic(), line.rstrip()))

    def find(self, what: str, since: float, seconds: float) -> float | None:
        """Return when a line came, at or after `since`; None without one."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for at, line in [*self.lines]:
                if at >= since and re.search(what, line):
                    return at
            time.sleep(0.02)
        return None

    def text(self) -> str:
        """All lines, for a failure's message."""
        return "\n".join(line for _, line in self.lines)

    def close(self) -> int | None:
        """End it by Ctrl-C; return its exit code."""
        if self._child.closed:
            return self._child.exitstatus
        self._child.sendintr()
        deadline = time.monotonic() + 10
        while self._child.isalive() and time.monotonic() < deadline:
            time.sleep(0.05)
        self._child.close(force=True)
        return self._child.exitstatus


@pytest.fixture(scope="module")
def watch(fresh: str) -> Iterator[Watch]:
    """Start the lab, and watch it until its fault is shown."""
    del fresh
    ok("lab", "start", LAB, "--variant", VARIANT)
    watch = Watch()
    begin = time.monotonic()
    assert watch.find("First broken layer: allocation", begin, 30), (
        watch.text()
    )
    yield watch
    watch.close()


@pytest.fixture(scope="module")
def shell() -> Iterator[ShellSession]:
    """Open the shell that `lab shell` opens."""
    driver = LabDriver(locate(STUDENT).plan, print, load_lab(LAB), VARIANT)
    session = ShellSession(driver.shell("shell"), 60)
    yield session
    session.close()


def test_solution(
    watch: Watch, shell: ShellSession, record_property: Record
) -> None:
    """What a line of the solution changes is shown within 3 s (median)."""
    file = SOLUTIONS / load_lab(LAB).id / f"{VARIANT}.md"
    latencies = []
    start = time.monotonic()
    for block in read_walkthrough(file, names(locate(STUDENT).plan)).blocks:
        lines = list(block.lines)
        while lines:
            begin = time.monotonic()
            step, count = shell.type(lines, file.name)
            del lines[:count]
            if _CHANGE.search(step.command):
                shown = watch.find(_VERDICT.pattern, begin, _WAIT_S)
                latencies += [shown - begin] if shown else []
    assert watch.find("All that can be seen is right", start, 30), watch.text()
    assert latencies, watch.text()
    record_property("seconds until a change was shown", latencies)
    assert statistics.median(latencies) <= _SOON_S, latencies


def test_machine(
    watch: Watch, shell: ShellSession, record_property: Record
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


def test_grade(watch: Watch) -> None:
    """A grade is waited for, and counted."""
    begin = time.monotonic()

    ok("grade")

    assert watch.find("waiting for `grade`", begin, 10), watch.text()
    assert watch.find("attempts 1", begin, 10), watch.text()


def test_idle(watch: Watch, record_property: Record) -> None:
    """While nothing happens, it needs next to no processor time."""
    time.sleep(15)
    before = _cpu_seconds(watch.pid)

    time.sleep(_IDLE_S)

    share = (_cpu_seconds(watch.pid) - before) / _IDLE_S
    record_property("share of one core while idle", share)
    assert share <= _IDLE_SHARE


def test_end(watch: Watch) -> None:
    """Ctrl-C ends it at once, and leaves nothing on the machines."""
    assert watch.close() == 130
    left = ok("lab", "status")
    assert "lab-1" in left


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
