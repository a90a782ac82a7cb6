"""The proof's hands: which shell is opened at which place."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from graders.course.lab import load_lab
from graders.plan.plan import make_plan
from graders.proof import driver as module
from graders.proof.driver import LabDriver
from graders.settings import state_dir

PLAN = make_plan("ada")


pytestmark = pytest.mark.usefixtures("base")


@pytest.fixture
def driver() -> LabDriver:
    """Return a driver whose student's folder is of this test."""
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


@pytest.mark.parametrize("interrupted", [False, True])
def test_grade(
    driver: LabDriver, monkeypatch: pytest.MonkeyPatch, *, interrupted: bool
) -> None:
    """Ctrl-C in a grade ends the proof, and leaves nothing of the grade."""
    result = SimpleNamespace(interrupted=interrupted)
    session = SimpleNamespace(plan=PLAN)
    driver.lab = load_lab("1")
    state_dir(PLAN.student).mkdir(parents=True)
    monkeypatch.setattr(module, "open_session", lambda *_: session)
    monkeypatch.setattr(module, "run_grade", lambda *_, **__: result)

    if interrupted:
        with pytest.raises(KeyboardInterrupt):
            driver.grade()
    else:
        assert vars(driver.grade()) == vars(result)
    assert not (state_dir(PLAN.student) / "grading").exists()
