"""What a machine does with submissions that were sent to it."""

from __future__ import annotations

import io
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from graders.classroom import worker
from graders.classroom.regrade_one import Task
from graders.classroom.regraded import digest, load, save
from graders.classroom.regrading import Regrading
from graders.classroom.seats import regrade_there as module
from graders.classroom.seats.regrade_there import Work
from graders.errors import CannotCheck
from tests.regraded_rows import row
from tests.submissions import handed_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from graders.classroom.prepare import Prepared
    from graders.classroom.regrading import Settings


@pytest.fixture
def played(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Mapping[str, str]]:
    """Return the environments in which a repair was played; all are right."""
    del base
    played: list[Mapping[str, str]] = []

    def work(task: Task, environment: Mapping[str, str]) -> str:
        played.append(environment)
        right = {"status": "confirmed"}
        save(task.result, task.known.model_copy(update=right))
        return ""

    monkeypatch.setattr(module, "Regrading", partial(Regrading, work=work))
    monkeypatch.setattr(module, "examine", lambda _: None)
    monkeypatch.setattr(module, "raise_for_findings", lambda _: None)
    return played


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return where a submission was sent to."""
    folder = tmp_path / "regrade" / "files"
    folder.mkdir(parents=True)
    handed_in(folder / "key.lab")
    return folder


def _work(folder: Path) -> Work:
    file = folder / "key.lab"
    known = row(sha256=digest(file), status="refused", reasons=("a warning",))
    task = Task(
        file=file,
        result=folder / "key.regrade.json",
        known=known,
        place="sandbox",
    )
    return Work(tasks=(task,), jobs=0, room=1)


def _run(
    monkeypatch: pytest.MonkeyPatch, folder: Path, verb: str, *keys: str
) -> None:
    text = _work(folder).model_dump_json() if verb == "play" else ""
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    module.main([verb, str(folder.parent), *keys])


def test_played_once_and_gone(
    folder: Path,
    played: list[Mapping[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the teacher's computer knows is kept; afterwards nothing is."""
    _run(monkeypatch, folder, "play")
    _run(monkeypatch, folder, "play")

    assert len(played) == 1
    found = load(folder / "key.regrade.json")
    assert (found.status, found.reasons) == ("confirmed", ("a warning",))

    _run(monkeypatch, folder, "leave", "key", "other")
    assert not folder.exists()


def test_what_others_have_there_stays(
    folder: Path,
    played: list[Mapping[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another class may not have fetched its results yet."""
    _run(monkeypatch, folder, "play")
    other = folder / "other.lab"
    other.touch()

    _run(monkeypatch, folder, "leave", "key")

    assert [*folder.glob("*.lab"), *folder.glob("*.json")] == [other]
    assert not (folder / ".regrade" / "config" / "key.lab").exists()
    assert len(played) == 1


def test_labs_that_were_left_are_removed(
    folder: Path,
    played: list[Mapping[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A regrade was killed on the machine, and its lab still runs."""
    del played
    lab = folder / ".regrade" / "state" / "ada"
    lab.mkdir(parents=True)
    (lab / "regraded").touch()
    removed: list[str] = []
    monkeypatch.setattr(worker, "clean", removed.extend)

    _run(monkeypatch, folder, "leave", "key")

    assert removed == ["ada"]


def test_a_machine_that_cannot_have_a_lab(
    folder: Path,
    played: list[Mapping[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It says why, in a line that the teacher sees."""

    def refuse(_: object) -> None:
        raise CannotCheck("too little memory")

    monkeypatch.setattr(module, "raise_for_findings", refuse)

    with pytest.raises(SystemExit) as ended:
        _run(monkeypatch, folder, "play")

    assert ended.value.code == 3
    assert capsys.readouterr().err == "too little memory\n"
    assert not played


def test_a_file_that_was_cut_short(
    folder: Path, played: list[Mapping[str, str]]
) -> None:
    """It costs its own row, and is tried again."""
    work = _work(folder)
    (folder / "key.lab").write_bytes(b"PK")

    module.play(folder, work)

    assert load(folder / "key.regrade.json").status == "error"
    assert not played


def test_jobs(
    folder: Path,
    played: list[Mapping[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As many as the machine's room and memory allow, or as was said."""
    del played
    chosen: list[int] = []

    class Noted:
        def __init__(
            self, settings: Settings, _: list[Prepared], __: object
        ) -> None:
            chosen.append(settings.jobs)

        def run(self) -> None:
            """Do nothing."""

    monkeypatch.setattr(module, "Regrading", Noted)
    monkeypatch.setattr(module, "default_jobs", lambda: 3)
    for jobs, room in ((0, 2), (0, 8), (5, 2)):
        work = _work(folder).model_copy(update={"jobs": jobs, "room": room})
        module.play(folder, work)

    assert chosen == [2, 3, 5]
