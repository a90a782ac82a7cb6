"""`lab class regrade`: what it asks for, and how it ends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from graders.classroom import prepare, regrading, verify
from graders.classroom.prepare import Prepared
from graders.classroom.reasons import refused as refusal
from graders.classroom.seats import spread as spreading
from graders.classroom.seats.seat_plan import (
    Seat,
    SeatPlan,
    write_seat_plan,
)
from graders.classroom.verify import Row
from graders.cli import class_regrade as module
from graders.cli.class_regrade import regrade
from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.providers.base import ProviderDown
from tests.classes import a_class
from tests.regraded_rows import refused, row

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from graders.classroom.regraded import Regraded

app = typer.Typer()
app.command()(regrade)


class Class:
    """Submissions with results that are made up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        """Begin with one that is as claimed."""
        self.rows: list[Regraded] = [row("ada")]
        self.reasons: tuple[Any, ...] = ()
        self.prepared: dict[str, Any] = {}
        self.settings: Any = None
        self.run_all: Callable[[], object] = list
        self.file = folder / "ada.lab"
        self.file.touch()
        monkeypatch.setattr(verify, "verify", self._verify)
        monkeypatch.setattr(prepare, "prepare", self._prepare)
        monkeypatch.setattr(regrading, "Regrading", self._regrading)
        monkeypatch.setattr(module, "_expect_machine", lambda _: None)

    def run(self, *options: str) -> Result:
        """Run the command on the file."""
        return CliRunner().invoke(app, [str(self.file), *options])

    def _verify(self, paths: list[Path], _: object) -> list[Row]:
        return [Row(path, None, self.reasons) for path in paths]

    def _prepare(self, file: Path, reasons: object, **more: Any) -> Prepared:  # noqa: ANN401 - options
        self.prepared = {"reasons": reasons, **more}
        return Prepared(file, self.rows[0])

    def _regrading(self, settings: Any, _: object, tell: Any) -> Class:  # noqa: ANN401 - as above
        self.settings = settings
        self.tell = tell
        self.run_all = lambda: [*map(tell, self.rows)]
        return _Done(self)  # type: ignore[return-value] # it has run


class _Done:
    def __init__(self, found: Class) -> None:
        self._found = found

    def run(self) -> list[Regraded]:
        """Tell all rows."""
        self._found.run_all()
        return self._found.rows


@pytest.fixture
def students(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Class:
    """Return a class of one."""
    return Class(monkeypatch, tmp_path)


@pytest.mark.parametrize("options", [[], ["--here", "--sandbox"]])
def test_a_place_is_chosen(students: Class, options: list[str]) -> None:
    """Strangers' commands run nowhere by default."""
    done = students.run(*options)

    assert done.exit_code == 2
    assert "say where they may run: --sandbox or --here" in done.stderr


def test_not_on_hosts(
    students: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host cannot be thrown away."""
    monkeypatch.setenv("CLUSTER", "hosts")

    assert "unset CLUSTER" in students.run("--sandbox").stderr


def test_results_are_told(students: Class) -> None:
    """Each as soon as it is there, and a sum."""
    students.rows = [row("ada", reasons=("its kit is another one",))]

    done = students.run("--sandbox", "--jobs", "3", "--minutes", "2")

    assert done.exit_code == 0
    assert "ada-lab-1.lab: confirmed, " in done.stderr
    assert "its kit is another one" in done.stderr
    assert "1 submissions: 1 confirmed; results in results" in done.stdout
    settings = students.settings
    assert (settings.place, settings.jobs) == ("sandbox", 3)
    assert settings.minutes == 2


@pytest.mark.parametrize(
    ("status", "code"),
    [("confirmed", 0), ("differs", 1), ("stopped", 1), ("error", 3)],
)
def test_exit_codes(students: Class, status: str, code: int) -> None:
    """A script knows whether all is well."""
    students.rows = [row("ada"), refused(status=status)]

    assert students.run("--here").exit_code == code


def test_a_refused_file_is_not_played(students: Class) -> None:
    """Its reasons are kept."""
    students.reasons = (refusal("ticket", "of another course"),)

    students.run("--sandbox")

    assert students.prepared["refused"]
    assert students.prepared["reasons"] == ["of another course"]


def test_any_fault(students: Class) -> None:
    """Then another fault alone is no reason to refuse."""
    students.reasons = (refusal("fault", "another one"),)

    students.run("--sandbox", "--any-fault")

    assert not students.prepared["refused"]


def test_the_machine_is_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, and the engine is started where there is none."""
    did: list[str] = []

    class Provider:
        def status(self, _: str) -> None:
            """Say that no engine runs."""
            raise ProviderDown("no engine")

    def examine(_: object) -> None:
        did.append("examine")
        raise CannotCheck("too little memory")

    monkeypatch.setattr("graders.providers.registry.provider", Provider)
    monkeypatch.setattr(
        "graders.cli.plans.run_plain_playbook",
        lambda name, _: did.append(name),
    )
    monkeypatch.setattr("graders.doctor.doctor.examine", examine)

    module._expect_machine([])
    assert not did
    ready = Prepared(Path("ada.lab"), row("ada"), plan=make_plan("ada"))
    with pytest.raises(CannotCheck, match="too little memory"):
        module._expect_machine([ready])
    assert did == ["engine", "examine"]


def test_machines_are_those_of_a_class(students: Class) -> None:
    """Without a class there are none."""
    done = students.run("--sandbox", "--machines")

    assert done.exit_code == 2
    assert "name it with --class" in done.stderr


def test_spread_over_machines(
    students: Class, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All but lost machines, held by this command; this one is not asked."""
    course = a_class(tmp_path / "class", "ada")
    (course.folder / "machines.yml").write_text(
        '{"machines": {"hosts": {"m1": null, "m2": null}}}', encoding="utf-8"
    )
    places = {"m1": 1, "m2": 1}
    seats = SeatPlan("trusted", (Seat("ada", "m1"),), places, ("m2",))
    write_seat_plan(course, seats)
    rooms: list[spreading.Room] = []

    def spread(*given: Any) -> _Done:  # noqa: ANN401 - its arguments
        rooms.append(given[3])
        return _Done(students)

    monkeypatch.setattr(spreading, "Spread", spread)
    monkeypatch.setattr(module, "_expect_machine", None)

    done = students.run(
        *("--sandbox", "--machines", "--class", str(course.folder)),
        *("--at-once", "3"),
    )

    assert done.exit_code == 0, done.stderr
    (room,) = rooms
    assert [*room.machines] == ["m1"]
    assert room.seats == {"ada": "m1"}
    assert room.at_once == 3
    missing = students.run(
        *("--sandbox", "--machines", "--class", str(course.folder)),
        *("--images", "none.tar"),
    )
    assert "none.tar: the archive does not exist" in missing.stderr
