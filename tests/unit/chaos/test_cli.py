"""The command line of chaos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from graders.errors import CannotCheck
from tests.chaos import cli, mishap, published
from tests.chaos.draw import draw
from tests.chaos.mishap import ENGINE, MISHAPS
from tests.chaos.published import Row
from tests.chaos.rounds import Player
from tests.chaos.world import World
from tests.paper_world import STUDENT, PaperWorld, ended

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chaos.draw import Draw

FEW: Final = ("--rounds", "3", "--seed", "7", "--kind", "kill-9")


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch, world: PaperWorld) -> list[Draw]:
    """Play rounds on paper; the second one is wrong."""
    found: list[Draw] = []

    def play(_: Player, one: Draw) -> Row:
        found.append(one)
        wrong = ["a lock is left"] if one.number == 2 else []
        about = (one.lab, one.variant, one.command, "now", "up")
        return Row(one.number, one.mishap.kind, *about, one.solved, 2.0, wrong)

    def run(made: World, command: str, **_: str) -> object:
        world.typed.append(f"{made.student} {command}")
        return ended(command, 0)

    monkeypatch.setattr(cli, "_can_mount", lambda: False)
    monkeypatch.setattr(Player, "play", play)
    monkeypatch.setattr(World, "run", run)
    return found


def test_a_run(
    played: list[Draw],
    world: PaperWorld,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It says what is wrong, how to repeat it, and removes the lab."""
    logs = world.folder / "logs"

    status = cli.main([*FEW, "--logs", str(logs)])

    shown = capsys.readouterr().out
    assert status == 1
    assert [one.number for one in played] == [1, 2, 3]
    assert "2 of 3 rounds were right" in shown
    assert "WRONG: a lock is left" in shown
    assert "--kind kill-9 --seed 7 --first 2 --rounds 1" in shown
    assert world.typed == [f"{STUDENT} down"]
    run = published.load(logs / "chaos.json")
    assert run
    assert len(run.rows) == 3


def test_a_round_is_repeated(played: list[Draw], world: PaperWorld) -> None:
    """The command that is printed draws the same."""
    again = draw(7, 2, MISHAPS["kill-9"], ["1", "3"])
    words = cli.repeat(again, STUDENT, "1,3").split()[1:]

    status = cli.main([*words, "--logs", str(world.folder), "--keep"])

    assert status == 1
    assert played == [again]
    assert world.typed == []


def test_kinds_that_cannot_be_played_here(
    monkeypatch: pytest.MonkeyPatch, world: PaperWorld
) -> None:
    """Without root there is neither a small disk nor the engine."""
    del world
    monkeypatch.setattr(cli, "_can_mount", lambda: False)

    here, missing = cli.possible(list(MISHAPS.values()), STUDENT)

    assert {"disk-full", "engine-frozen"} <= {one.kind for one in missing}
    assert all(not one.needs for one in here)


@pytest.mark.usefixtures("played")
def test_no_kind_at_all(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It is said, and is no success."""
    few = ["--kind", "engine-frozen", "--logs", str(tmp_path)]
    assert cli.main(few) == CannotCheck.exit_code
    shown = capsys.readouterr().out
    assert f"left out: engine-frozen, which needs {ENGINE}" in shown
    assert "no kind of mishap" in shown


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Each kind with its way back; a short one for --quick."""
    assert cli.main(["--list"]) == 0
    whole = capsys.readouterr().out.splitlines()
    assert cli.main(["--list", "--quick"]) == 0
    short = capsys.readouterr().out.splitlines()

    assert len(whole) == len(MISHAPS)
    assert set(short) < set(whole)


def test_labs_choose_kinds() -> None:
    """A kind for other labs is not drawn."""
    kinds = {one.kind for one in cli.choose(None, ["4"], quick=False)}

    assert "kill-9" in kinds
    assert "ctrl-c-paused" not in kinds
    assert mishap.LABS
