"""`lab down` removes what an interrupted `lab up` has brought so far."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from graders.providers.inventory import FABRIC_HOST
from tests.depth import thorough

from .conftest import changed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Kit

_SECONDS = 300


def test_down_after_up_was_cut_off(
    few: Kit, few_as_found: dict[str, list[str]]
) -> None:
    """A half created cluster is removed, too."""
    before = set(few.logs.glob("up-*.log"))
    _cut_off_up(few, lambda: "Create the control plane" in _new(few, before))
    few.ok("lab", "down")
    assert not changed(few.site, few_as_found)


@thorough
def test_down_after_packages_were_cut_off(
    few: Kit, few_as_found: dict[str, list[str]]
) -> None:
    """Those that were being installed are removed."""
    installs = "grep -s Unpacking /var/lib/metallb-lab-kit/apt.log || true"
    _cut_off_up(few, lambda: few.site.run(FABRIC_HOST, installs))
    few.ok("lab", "down")
    assert not changed(few.site, few_as_found)


def _cut_off_up(few: Kit, when: Callable[[], object]) -> None:
    """Begin `lab up`, and kill it as soon as something holds."""
    begun = few.begin("lab", "up")
    deadline = time.monotonic() + _SECONDS
    while not when():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.kill(begun.pid, signal.SIGKILL)
    begun.wait(30)


def _new(few: Kit, before: set[Path]) -> str:
    """Return what the logs say that were not there before."""
    logs = set(few.logs.glob("up-*.log")) - before
    return "".join(log.read_text(encoding="utf-8") for log in logs)
