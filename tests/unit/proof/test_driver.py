"""The proof's hands: which shell is opened at which place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.plan.plan import make_plan
from graders.proof.driver import LabDriver

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan("ada")


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LabDriver:
    """Return a driver whose student's folder is of this test."""
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path))
    return LabDriver(PLAN, print)


def test_a_machine_has_its_own_shell(driver: LabDriver) -> None:
    """A fence `router` is typed at bash on that machine."""
    shell = driver.shell("router")

    assert shell.argv[-2:] == (PLAN.machine_name("router"), "bash")
    assert not shell.vtysh


def test_vtysh_is_the_routers(driver: LabDriver) -> None:
    """A fence `vtysh` is typed at FRR's shell, which prompts otherwise."""
    shell = driver.shell("vtysh")

    assert shell.argv[-2:] == (PLAN.machine_name("router"), "vtysh")
    assert shell.vtysh


def test_shell_is_this_computers(driver: LabDriver) -> None:
    """A fence `shell` is typed at no machine."""
    shell = driver.shell("shell")

    assert "docker" not in shell.argv
    assert not shell.vtysh
