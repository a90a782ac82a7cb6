"""What an interrupted grade has left is undone by the next."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack, suppress
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from graders.checks.cleanup import clean_session
from graders.checks.node_failure import isolate
from graders.checks.objects import temporary_namespace, temporary_service
from graders.checks.traffic import extra_lan_address, extra_source_addresses
from graders.checks.workload import cordoned, probe_workload
from graders.errors import CannotCheck
from graders.probes.refusal import Refused
from graders.providers.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from graders.checks.session import Session
    from tests.lab_model.checks import Judge
    from tests.lab_model.model import LabModel

WORKERS = ("metallb-lab-worker", "metallb-lab-worker2")


@dataclass
class Mishap:
    """Lets a number of calls through, and then raises `error` once.

    `late` has the call done before. It has `happened` when it has raised.
    """

    calls: int
    error: BaseException
    late: bool = True
    happened: bool = False

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function to which it may happen."""

        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any
            self.calls -= 1
            if self.calls:
                return function(*args, **kwargs)
            if self.late:
                function(*args, **kwargs)
            self.happened = True
            raise self.error

        return call


def _change_everything(lab: Session) -> None:
    """Make each kind of change that a check makes."""
    with (
        isolate(lab, WORKERS[0]),
        temporary_namespace(lab) as namespace,
        temporary_service(lab, namespace),
        cordoned(lab, *WORKERS),
        extra_source_addresses(lab),
        extra_lan_address(lab),
    ):
        pass
    with probe_workload(lab, "lab-4", ("web",), WORKERS):
        pass


def _state(model: LabModel) -> dict[str, object]:
    """Return all that checks may change."""
    return {
        "objects": {
            path: deepcopy(item["spec"])
            for path, item in model.cluster.objects.items()
            if isinstance(item, dict) and "spec" in item
            if item["kind"] not in {"Lease", "Node"}
        },
        "paused": set(model.docker.paused),
        "cordoned": model.cordoned(),
        "addresses": model.taken - model.given_back,
    }


def _changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [
        f"{kind} {item}"
        for kind, items in before.items()
        for item in {*items} | {*after[kind]}
        if (item in items) != (item in after[kind])
        or (isinstance(items, dict) and items[item] != after[kind][item])
    ]


@pytest.fixture(autouse=True)
def state_folder(judge: Judge) -> Path:
    """Create the student's folder."""
    folder = judge.folder / "demo"
    folder.mkdir()
    return folder


def _interrupt(
    judge: Judge, monkeypatch: pytest.MonkeyPatch, mishap: Mishap
) -> Session:
    """Change everything until the mishap; return the lab."""
    lab = judge.on("4").session()
    with monkeypatch.context() as patch:
        patch.setattr(lab.cluster, "ask", mishap(lab.cluster.ask))
        patch.setattr(Machine, "run", mishap(Machine.run))
        patch.setattr(subprocess, "run", mishap(subprocess.run))
        with ExitStack() as stack:
            if not isinstance(mishap.error, CannotCheck | Refused):
                stack.enter_context(pytest.raises(type(mishap.error)))
            with clean_session(lab):
                # A check would come to that.
                with suppress(CannotCheck, Refused):
                    _change_everything(lab)
                if not mishap.happened:
                    raise mishap.error
    return lab


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), CannotCheck("no")])
def test_any_moment(
    judge: Judge,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    *,
    late: bool,
) -> None:
    """Wherever a grade is interrupted, the next one finds the lab whole."""
    monkeypatch.setattr("graders.providers.kind.time.sleep", lambda _: None)
    number, happened, told = 0, True, list[str]()
    while happened:
        number += 1
        before = _state(judge.on("4"))
        mishap = Mishap(number, error, late=late)
        try:
            lab = _interrupt(judge, monkeypatch, mishap)
        except CannotCheck:
            assert not mishap.happened
            break
        happened = mishap.happened
        with clean_session(lab, told.append):
            after = _state(judge.model)
        assert _changed(before, after) == [], number

    assert number > 20
    assert "undid what an interrupted grade had left in the lab" in told


def test_ended_grade(judge: Judge, state_folder: Path) -> None:
    """It leaves the lab as it was and no note; the next undoes nothing."""
    lab = judge.on("4").session()
    before = _state(judge.model)
    with clean_session(lab):
        _change_everything(lab)
    assert _changed(before, _state(judge.model)) == []
    assert not (state_folder / "grading").exists()

    told: list[str] = []
    requests = len(judge.model.cluster.requests)
    with clean_session(lab, told.append):
        assert len(judge.model.cluster.requests) == requests
    assert told == []


def test_note_comes_first(judge: Judge, state_folder: Path) -> None:
    """It has what undoes each change, before the change is made."""
    mark = state_folder / "grading"

    with pytest.raises(KeyboardInterrupt):
        _interrupted(judge.on("4").session(), mark)

    assert not mark.exists()


def _interrupted(lab: Session, mark: Path) -> None:
    with clean_session(lab), temporary_namespace(lab) as name:
        line = f"remove_object /api/v1/namespaces/{name}"
        assert mark.read_text("utf-8") == f"{line}\n"
        raise KeyboardInterrupt


def test_note_is_gone(judge: Judge, state_folder: Path) -> None:
    """A student who removes all of the folder stops no grade."""
    with clean_session(judge.on("4").session()):
        (state_folder / "grading").unlink()


@pytest.mark.parametrize(
    "note",
    [
        b"\xff\xfe\n[1]\n{\n",
        b"remove_object /api/v1/namespaces/lab-4",
        b"remove_object /api/v1/namespaces/x\nundone remove_object /api/v1/n",
    ],
)
def test_damaged_note(judge: Judge, state_folder: Path, note: bytes) -> None:
    """Half a line could have the path of something of the student's."""
    lab = judge.on("4").session()
    before = _state(judge.model)
    (state_folder / "grading").write_bytes(note)

    with clean_session(lab):
        assert _changed(before, _state(judge.model)) == []


def test_killed_grade(judge: Judge, state_folder: Path) -> None:
    """What cannot be undone is said, and tried again by the grade after."""
    lab = judge.on("4").session()
    mark = state_folder / "grading"
    line = "remove_object /api/v1/namespaces/orders-ab"
    mark.write_text(f"{line}\nof another release\n", "utf-8")
    judge.model.cluster.admission = lambda *_: "a rule forbids it"
    told: list[str] = []

    for _ in "12":
        with clean_session(lab, told.append):
            assert mark.read_text("utf-8") == f"{line}\n"
    judge.model.cluster.admission = lambda *_: ""
    with clean_session(lab):
        pass

    rules = [text for text in told if text.endswith("a rule forbids it")]
    assert len(rules) == 2
    assert not mark.exists()
