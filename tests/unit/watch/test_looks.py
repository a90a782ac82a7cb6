"""What `lab watch` runs of each lab's checks changes nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from graders.course.folders import lab_paths
from graders.course.lab import LAYERS
from graders.errors import KitError
from graders.watch import looks
from graders.watch.judge import Judge as WatchJudge
from graders.watch.looks import read_looks

if TYPE_CHECKING:
    from graders.watch.looks import Watched
    from graders.watch.view import Row
    from tests.lab_model.checks import Judge

NUMBERS = sorted(path.name.split("-")[1] for path in lab_paths())
# Only a grade runs these: they create Services or move pods, or need one that
# does.
ONLY_GRADE = {
    "0": set[str](),
    "1": {"announced", "new_service", "reservation"},
    "2": {"new_service", "private_pool", "failover"},
    "3": {"filter", "failover"},
    "4": {"other_node", "drain"},
    "5": {"tenancy"},
    "6": {"new_host", "tenancy", "restart"},
}
_CHANGES = ("address replace", "address del", "dhcp-try", "pkill", "USR1")


def _looks(judge: Judge, number: str) -> list[Watched]:
    judge.on(number)
    return read_looks(judge.model.session())


def _watch(judge: Judge, number: str) -> dict[str, Row]:
    """Judge a round of the modelled lab."""
    watch = WatchJudge(_looks(judge, number), lambda: None)
    watch.begin(judge.model.session())
    deadline = time.monotonic() + 30
    while watch.busy and time.monotonic() < deadline:
        time.sleep(0.01)
    return {row.spec.name: row for row in watch.rows}


@pytest.mark.parametrize("number", NUMBERS)
def test_right_lab(judge: Judge, number: str) -> None:
    """In the lab as it should be all is green that can be looked at."""
    rows = _watch(judge, number)

    marks = {name: row.mark for name, row in rows.items()}
    expected = dict.fromkeys(marks, "pass")
    # One of them is of another variant.
    expected |= dict.fromkeys(ONLY_GRADE[number] & marks.keys(), "grade")
    # The modelled student has answered no questions.
    expected |= dict.fromkeys({"answers", "plan"} & marks.keys(), "fail")
    assert marks == expected


@pytest.mark.parametrize("number", NUMBERS)
def test_nothing_changes(
    judge: Judge, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No look creates an object, an address or a lease."""
    judge.on(number)
    commands: list[str] = []
    run = type(judge.model).run

    def note(model: object, role: str, argv: tuple[str, ...]) -> object:
        commands.append(" ".join(argv))
        return run(model, role, argv)  # type: ignore[arg-type] # it is a model

    monkeypatch.setattr(type(judge.model), "run", note)

    _watch(judge, number)

    requests = {
        f"{verb} {path[path.find('?dryRun') :][:7] if '?' in path else ''}"
        for verb, path in judge.model.cluster.requests
        if verb != "GET"
    }
    assert requests <= {"POST ?dryRun", "PATCH ?dryRun"}
    assert commands
    assert not [one for one in commands if any(it in one for it in _CHANGES)]


@pytest.mark.parametrize("number", NUMBERS)
def test_order(judge: Judge, number: str) -> None:
    """Layers come in the module's order."""
    layers = [one.spec.layer for one in _looks(judge, number)]

    assert layers == sorted(layers, key=LAYERS.index)


def test_variants(judge: Judge) -> None:
    """A check of another variant is not there."""
    judge.on("3", "password")
    password = {one.spec.name for one in read_looks(judge.model.session())}

    judge.on("3", "one-path")
    other = {one.spec.name for one in read_looks(judge.model.session())}

    assert password - other == {"password_kept"}


def test_unreadable(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """A grader file that cannot be read is told in words."""
    judge.on("1")

    def broken(_: object) -> None:
        raise SyntaxError("invalid syntax")

    monkeypatch.setattr(looks, "check_functions", broken)

    with pytest.raises(KitError, match="could not read test_lab_1"):
        read_looks(judge.model.session())
