"""`lab submit` grades, and writes a file that can be verified."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from graders.classroom import repair
from graders.classroom.statement import verify
from graders.classroom.submission import Differences, ObjectChanges, read
from graders.cli import grade
from graders.cli.journal_note import note_grade
from graders.cli.main import lab_app
from graders.lifecycle import record
from graders.plan.plan import make_plan
from graders.providers.base import Location
from graders.providers.kind import KindProvider
from graders.providers.machine import Machine, Output
from graders.state import journal, lab_state
from graders.state.lab_state import State
from tests.submissions import vip_result

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


PLAN = make_plan("ada")
STATE = State("lab-1-pending-service", "no-pool", "ab", 2)
WRITTEN = "Mine.\n\n```shell\ntrue\n```\n"


def _submit(*argv: str) -> Result:
    return CliRunner().invoke(lab_app, ["submit", "--student", "ada", *argv])


class _Client:
    def close(self) -> None:
        """Have no connection."""


@pytest.fixture(autouse=True)
def grades(monkeypatch: pytest.MonkeyPatch, base: Path) -> list[bool]:
    """Have lab 1 running; return whether each grade was a full one."""
    monkeypatch.chdir(base.parent)
    location = Location(PLAN, exists=True)
    monkeypatch.setattr(KindProvider, "locate", lambda *_: location)
    monkeypatch.setattr(Machine, "run", lambda *_, **__: Output("", 0, "", ""))
    monkeypatch.setattr(repair, "cluster_client", lambda _: _Client())
    monkeypatch.setattr(
        repair, "object_changes", lambda *_: (ObjectChanges(), [])
    )
    monkeypatch.setattr(repair, "machine_changes", lambda *_: {"desk": ["a"]})
    (base / "ada" / "lab").mkdir(parents=True)
    lab_state.record(PLAN, STATE, {"": {}}, {})
    journal.begin(PLAN, STATE, {})
    record.note(PLAN, "shell", "k get svc")
    found: list[bool] = []

    def graded(*_: object, full: bool, **__: object) -> tuple[object, object]:
        found.append(full)
        return vip_result(attempt=3), None

    monkeypatch.setattr(grade, "grade_lab", graded)
    return found


def test_file(tmp_path: Path) -> None:
    """The file has grade, journal, repair and plan, and is signed."""
    done = _submit()

    assert done.exit_code == 0
    assert done.stdout == (
        "ada-lab-1.lab: 10 of 10 points, 1 line typed, 0 objects changed,"
        " 1 machine changed, 4 KB; hand it in\n"
    )
    found = read(tmp_path / "ada-lab-1.lab")
    assert found.result == vip_result(attempt=3)
    assert [one.event for one in found.journal] == ["start", "submit"]
    assert "k get svc" in found.typed
    assert found.differences.machines["desk"].typed == ["a"]
    assert (found.plan.student, found.plan.fault) == ("ada", "no-pool")
    assert found.plan.numbers == PLAN.as_vars()
    assert found.plan.ticket is None
    predicate = verify(found.statement, found.members)
    assert predicate["result"] == "PASSED"
    assert predicate["passedTests"] == ["vip"]
    names = [one["name"] for one in predicate["configuration"]]
    assert names == [
        "labs/lab-1-pending-service/lab.yml",
        "graders/labs/test_lab_1_pending_service.py",
    ]
    text = json.dumps(predicate) + str(found.members)
    assert "no-pool" not in text


def test_output(tmp_path: Path) -> None:
    """The file can have another name; what cannot be written is an error."""
    assert _submit("--output", "mine.lab").exit_code == 0
    assert read(tmp_path / "mine.lab").plan.lab == STATE.lab

    done = _submit("--output", "nowhere/mine.lab")

    assert done.exit_code == 3
    assert "No such file" in done.stderr


@pytest.mark.parametrize(
    ("options", "last", "expected"),
    [([], False, False), ([], True, True), (["--full"], False, True)],
)
def test_full(
    grades: list[bool],
    options: list[str],
    last: bool,  # noqa: FBT001 - a row
    expected: bool,  # noqa: FBT001 - a row
) -> None:
    """A grade with --full is followed by another one."""
    note_grade(PLAN, STATE, vip_result(attempt=3), full=last)

    _submit(*options)

    assert grades == [expected]


def test_damaged_journal(base: Path, grades: list[bool]) -> None:
    """A damaged journal stops nothing here; who reads the file refuses it."""
    (base / "ada" / "lab" / "journal").write_text("[]\n")

    done = _submit()

    assert (done.exit_code, grades) == (0, [False])
    assert done.stderr == (
        "lab: the journal cannot be read: line 1 is no line of a journal\n"
    )


def test_repair(tmp_path: Path) -> None:
    """A walkthrough of the student's own is taken as it is."""
    (tmp_path / "mine.md").write_text(WRITTEN)

    _submit("--repair", "mine.md")

    assert read(tmp_path / "ada-lab-1.lab").typed == WRITTEN


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"```shell\ntrue\n", "mine.md:1: a ``` block must be closed"),
        (b"\xff", "could not read mine.md: it is not text in UTF-8"),
        (b"x" * 2_000_000, "could not read mine.md: it is larger"),
        (None, "could not read mine.md: No such file"),
    ],
)
def test_unusable_repair(
    tmp_path: Path, grades: list[bool], content: bytes | None, problem: str
) -> None:
    """One that cannot be used is refused before anything is graded."""
    if content is not None:
        (tmp_path / "mine.md").write_bytes(content)

    done = _submit("--repair", "mine.md")

    assert done.exit_code == 2
    assert problem in done.stderr
    assert grades == []


def _editor(tmp_path: Path, script: str) -> str:
    file = tmp_path / "editor"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def test_edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The editor gets what was recorded, and what it saves is handed in."""
    editor = _editor(tmp_path, 'sed -i s/svc/services/ "$2"')
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"{editor} --wait")

    assert _submit("--edit").exit_code == 0

    assert "k get services" in read(tmp_path / "ada-lab-1.lab").typed


def test_editor_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor that fails hands in nothing."""
    monkeypatch.setenv("VISUAL", _editor(tmp_path, "exit 1"))

    done = _submit("--edit")

    assert done.exit_code == 2
    assert "nothing was handed in" in done.stderr
    assert not (tmp_path / "ada-lab-1.lab").exists()


def test_show(tmp_path: Path, grades: list[bool]) -> None:
    """What would be handed in is printed; no grade, no file."""
    done = _submit("--show")

    assert done.exit_code == 0
    assert "```shell may-fail\nk get svc\n```" in done.stdout
    assert "machines:\n  desk:\n    typed:\n    - a" in done.stdout
    assert grades == []
    assert not (tmp_path / "ada-lab-1.lab").exists()
    assert str(Differences().version) in done.stdout


def test_no_lab(base: Path) -> None:
    """Without a lab there is nothing to hand in."""
    (base / "ada" / "lab" / "state").unlink()

    done = _submit()

    assert done.exit_code == 3
    assert "no lab is running" in done.stderr
