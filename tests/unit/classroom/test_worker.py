"""The process that regrades one submission."""

from __future__ import annotations

import io
import sys
from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from graders.classroom import worker as module
from graders.classroom.regrade_one import Task
from graders.classroom.regraded import load
from graders.errors import CannotCheck, UsageError
from graders.lifecycle import lifecycle
from graders.plan.plan import make_plan
from graders.settings import state_dir
from tests.regraded_rows import row
from tests.submissions import handed_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLAN = make_plan("ada")


@pytest.fixture
def did(monkeypatch: pytest.MonkeyPatch, base: Path) -> list[str]:
    """Return what is done with a lab that is none."""
    did: list[str] = []
    location = SimpleNamespace(plan=PLAN, exists=False)

    def regrade(
        task: Task, _: object, __: object, renew: Callable[[], None]
    ) -> SimpleNamespace:
        def run(_: object) -> object:
            renew()
            did.append("regrade")
            return task.known

        return SimpleNamespace(run=run)

    provider = SimpleNamespace(
        locate=lambda _: location, removal=lambda _: (PLAN, [])
    )
    monkeypatch.setattr(module, "_end_with_parent", lambda: None)
    monkeypatch.setattr(module, "lock", lambda *_: nullcontext())
    monkeypatch.setattr(module, "provider", lambda: provider)
    monkeypatch.setattr(lifecycle, "extra_vars", lambda _: {})
    monkeypatch.setattr(
        module, "run_playbook", lambda name, *_, **__: did.append(name)
    )
    monkeypatch.setattr(module, "Regrade", regrade)
    (base / "ada").mkdir(parents=True)
    return did


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Task:
    """Return a task, and give it to the worker."""
    task = Task(
        file=handed_in(tmp_path / "ada.lab"),
        result=tmp_path / "ada.regrade.json",
        known=row("ada"),
        place="sandbox",
    )
    text = task.model_dump_json(by_alias=True)
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    return task


def test_the_lab_is_removed_at_the_end(did: list[str], task: Task) -> None:
    """The next submission has one of its own."""
    module.main()

    assert did == ["regrade", "down"]
    assert load(task.result) == task.known


def test_a_lab_that_a_killed_regrade_left(did: list[str], task: Task) -> None:
    """It is removed before anything else."""
    (state_dir("ada") / "regraded").touch()

    module.main()

    assert did == ["down", "regrade", "down"]
    assert task.result.exists()


def test_a_lab_of_the_teachers_stays(
    did: list[str], task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No regrade removes what it has not created."""
    location = SimpleNamespace(plan=PLAN, exists=True)
    provider = SimpleNamespace(locate=lambda _: location)
    monkeypatch.setattr(module, "provider", lambda: provider)

    module.main()

    found = load(task.result)
    assert found.status == "error"
    assert "`lab down --student ada` removes it" in found.reasons[-1]
    assert not did


def test_a_lab_is_held_by_another_command(
    did: list[str], task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker before it may still be removing its lab."""
    monkeypatch.setattr(module, "_PAUSE_S", 0)
    answers = [CannotCheck("held"), CannotCheck("held")]

    def lock(*_: object) -> nullcontext[None]:
        if answers:
            raise answers.pop()
        return nullcontext()

    monkeypatch.setattr(module, "lock", lock)

    module.main()

    assert did[0] == "regrade"
    assert load(task.result) == task.known


def test_a_lab_that_is_held_too_long(
    did: list[str], task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row says which command holds it."""

    def lock(*_: object) -> nullcontext[None]:
        raise CannotCheck("`lab start` holds the lab")

    monkeypatch.setattr(module, "_LOCK_S", -1)
    monkeypatch.setattr(module, "lock", lock)

    module.main()

    assert load(task.result).reasons[-1] == "`lab start` holds the lab"
    assert not did


def test_labs_are_removed_by_name(did: list[str]) -> None:
    """After a worker that had to be killed."""
    (state_dir("ada") / "regraded").touch()

    module.clean(["ada"])

    assert did == ["down"]
    assert not (state_dir("ada") / "regraded").exists()


def test_a_lab_that_cannot_be_removed(
    did: list[str], task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result is kept; the next regrade tries to remove the lab."""
    del did

    def fail(*_: object, **__: object) -> None:
        raise UsageError("no engine")

    monkeypatch.setattr(module, "run_playbook", fail)

    module.main()

    assert load(task.result) == task.known
    assert (state_dir("ada") / "regraded").exists()


def test_a_leftover_that_cannot_be_removed(
    did: list[str], task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is played, and the row says why."""

    def fail(*_: object, **__: object) -> None:
        raise UsageError("no engine")

    (state_dir("ada") / "regraded").touch()
    monkeypatch.setattr(module, "run_playbook", fail)

    module.main()

    assert load(task.result).status == "error"
    assert not did
