"""`lab down` removes what the kit brought."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from .conftest import changed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Kit

_SECONDS = 300


@pytest.mark.usefixtures("stands")
def test_down_leaves_hosts_as_found(
    kit: Kit, as_found: dict[str, list[str]]
) -> None:
    """Packages, files, interfaces, addresses, processes are removed."""
    kit.ok("lab", "down")
    assert not changed(kit.site, as_found)


def test_down_without_a_lab_changes_nothing(
    kit: Kit, as_found: dict[str, list[str]]
) -> None:
    """Hosts without a lab are left alone."""
    kit.ok("lab", "down")
    assert not changed(kit.site, as_found)


def test_down_after_up_was_cut_off(
    kit: Kit, as_found: dict[str, list[str]]
) -> None:
    """A half created cluster is removed, too."""
    before = set(kit.logs.glob("up-*.log"))
    _cut_off_up(kit, lambda: "Create the control plane" in _new(kit, before))
    kit.ok("lab", "down")
    assert not changed(kit.site, as_found)


def test_down_after_packages_were_cut_off(
    kit: Kit, as_found: dict[str, list[str]]
) -> None:
    """Those that were being installed are removed."""
    installs = "grep -s Unpacking /var/lib/metallb-lab-kit/apt.log || true"
    _cut_off_up(kit, lambda: kit.site.run("router", installs))
    kit.ok("lab", "down")
    assert not changed(kit.site, as_found)


def _cut_off_up(kit: Kit, when: Callable[[], object]) -> None:
    """Begin `lab up`, and kill it as soon as something holds."""
    begun = kit.begin("lab", "up")
    deadline = time.monotonic() + _SECONDS
    while not when():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.kill(begun.pid, signal.SIGKILL)
    begun.wait(30)


def _new(kit: Kit, before: set[Path]) -> str:
    """Return what the logs say that were not there before."""
    logs = set(kit.logs.glob("up-*.log")) - before
    return "".join(log.read_text(encoding="utf-8") for log in logs)
