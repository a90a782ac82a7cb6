"""The repair of the running lab, as far as it can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.classroom import repair
from graders.classroom.repair import collect, recorded
from graders.classroom.submission import Differences, ObjectChanges, ObjectRef
from graders.errors import CannotCheck
from graders.lifecycle import record
from graders.plan.plan import make_plan
from graders.providers.machine import Machine, Output
from graders.state import journal, lab_state
from graders.state.lab_state import State

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan()
STATE = State("lab-1-pending-service", "no-pool", "ab12", 1)
GONE = ObjectRef(apiVersion="v1", kind="Service", namespace="a", name="web")


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, base: Path) -> Path:
    """Return the folder of a lab that runs, with nothing to tell."""
    monkeypatch.setattr(Machine, "run", lambda *_, **__: Output("", 0, "", ""))
    monkeypatch.setattr(repair, "cluster_client", lambda _: _Client())
    monkeypatch.setattr(
        repair, "object_changes", lambda *_: (ObjectChanges(), [])
    )
    monkeypatch.setattr(repair, "machine_changes", lambda *_: {})
    (base / "demo" / "lab").mkdir(parents=True)
    lab_state.record(PLAN, STATE, {"": {}}, {})
    journal.begin(PLAN, STATE, {})
    return base / "demo"


class _Client:
    def close(self) -> None:
        """Have no connection."""


def test_nothing() -> None:
    """Who has done nothing hands in nothing, without a word."""
    found = collect(PLAN, STATE.lab)

    assert found.differences == Differences()
    assert "```" not in found.typed
    assert found.problems == ()


def test_both_forms(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was typed and what differs, answers included."""
    record.note(PLAN, "shell", "k get svc")
    (folder / "answers.yml").write_text("1: a\n")
    assert collect(PLAN, STATE.lab).differences.answers is None
    changes = ObjectChanges(delete=[GONE])
    monkeypatch.setattr(
        repair, "object_changes", lambda *_: (changes, ["kubectl label"])
    )
    monkeypatch.setattr(
        repair, "machine_changes", lambda *_: {"control-plane": ["true"]}
    )

    found = collect(PLAN, "lab-5-dhcp-overlap")

    assert "```shell may-fail\nk get svc\n```\n" in found.typed
    differences = found.differences
    assert differences.objects == changes
    assert differences.machines["control-plane"].typed == [
        "true",
        "kubectl label",
    ]
    assert differences.answers == "1: a\n"


def test_since_the_last_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was typed before the last start or reset is left out."""
    with monkeypatch.context() as earlier:
        earlier.setattr("time.time", lambda: 1000)
        record.note(PLAN, "shell", "early")
    journal.append(PLAN, STATE, journal.RESET, {})
    record.note(PLAN, "shell", "late")
    assert (folder / "typed" / "shell").is_file()

    text, problems = recorded(PLAN, STATE.lab)

    assert "late" in text
    assert "early" not in text
    assert problems == []


def test_written() -> None:
    """A text of the student's own takes the place of the recording."""
    record.note(PLAN, "shell", "k get svc")

    assert collect(PLAN, STATE.lab, "mine").typed == "mine"


def test_damaged_journal(folder: Path) -> None:
    """Without a journal, all that was recorded counts, and that is said."""
    record.note(PLAN, "shell", "k get svc")
    (folder / "lab" / "journal").write_text("{\n")

    found = collect(PLAN, STATE.lab)

    assert "k get svc" in found.typed
    assert found.problems == (
        "the journal cannot be read: line 1 is no line of a journal",
    )


def test_no_journal(folder: Path) -> None:
    """So is a journal that begins late."""
    (folder / "lab" / "journal").unlink()

    (problem,) = collect(PLAN, STATE.lab).problems

    assert "does not say when the lab was started" in problem


def test_out_of_reach(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be compared is told, and the rest is handed in."""

    def fail(*_: object, **__: object) -> None:
        raise CannotCheck("it is paused")

    monkeypatch.setattr(repair, "object_changes", fail)
    monkeypatch.setattr(Machine, "run", fail)
    (folder / "answers.yml").write_bytes(b"\xff")

    problems = collect(PLAN, "lab-5-dhcp-overlap").problems

    count = len(PLAN.machines) + len(PLAN.nodes)
    missing = "what was typed there is missing: it is paused"
    assert list(problems[:count]) == [missing] * count
    cluster, answers = problems[count:]
    assert cluster == "what differs in the cluster is missing: it is paused"
    assert "answers.yml is not handed in: it is not text" in answers


def test_no_start_state(folder: Path) -> None:
    """Without a recorded start state, only what was typed is handed in."""
    (folder / "lab" / "start").unlink()

    (problem,) = collect(PLAN, STATE.lab).problems

    assert problem == (
        "no start state was recorded, so only what was typed is handed in"
    )


def test_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Differences that do not fit are left out, which is said."""
    monkeypatch.setattr(
        repair, "machine_changes", lambda *_: {"desk": ["x" * 2_000_000]}
    )

    found = collect(PLAN, STATE.lab)

    assert found.differences == Differences()
    assert found.problems == (
        "what differs has 2000 KB, so only what was typed is handed in",
    )
