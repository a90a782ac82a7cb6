"""A round is played in its order, and what is wrong is told."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from graders.course.lab import load_lab
from graders.errors import CannotCheck
from tests.chaos import mishap, rounds
from tests.chaos.draw import PAUSED, STEP, TIME, Draw, Moment
from tests.chaos.mishap import MISHAPS, Mishap, Wrong
from tests.chaos.rounds import Player
from tests.paper_world import STUDENT, PaperWorld, ended, graded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.world import Ended, World

    Play = Callable[..., tuple[list[str], list[str]]]

VARIANT: Final = "no-pool"
RED: Final = graded(**{load_lab("1").variant(VARIANT).breaks: "fail"})
GREEN: Final = graded(vip="pass")


@contextmanager
def _nothing(world: World) -> Iterator[None]:
    world.chose("nothing")
    yield


def _draw(command: str = mishap.UP, **changes: object) -> Draw:
    one = replace(MISHAPS["node-paused"], strike=_nothing)
    fields = {it: changes.pop(it) for it in list(changes) if it in _KIND}
    one = replace(one, **fields)  # type: ignore[arg-type] # of its fields
    solved = bool(changes.pop("solved", False))
    return Draw(1, 7, one, "1", VARIANT, command, None, solved)


_KIND: Final = frozenset(Mishap.__dataclass_fields__)


@pytest.fixture
def play(world: PaperWorld, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Play a round; return what was typed, and what is wrong."""
    answers: dict[str, Ended | list[Ended]] = {"grade": ended("grade", 1, RED)}

    def made(*_: object) -> PaperWorld:
        return world

    monkeypatch.setattr(rounds, "World", made)
    monkeypatch.setattr(
        rounds, "solve", lambda world: world.typed.append("(solve)")
    )

    def play(
        draw: Draw, player: Player | None = None, **more: Ended | list[Ended]
    ) -> tuple[list[str], list[str]]:
        world.answers = answers | more
        lines: list[str] = []
        player = player or Player(STUDENT, world.folder, lines.append)
        row = player.play(draw)
        assert row.right == (not row.problems)
        return world.typed, row.problems

    return play


def test_a_round_that_is_right(
    play: Play,
) -> None:
    """Start, shipped verdict, the command, the way back, the verdict."""
    typed, problems = play(_draw(mishap.GRADE))

    assert problems == []
    assert typed == ["start", "grade", "grade", "up", "grade"]


def test_the_lab_is_kept_for_the_next_round(
    play: Play, world: PaperWorld
) -> None:
    """Starting takes seconds."""
    player = Player(STUDENT, world.folder, lambda _: None)
    play(_draw(), player)
    world.typed.clear()

    typed, problems = play(_draw(), player)

    assert problems == []
    assert typed == ["up", "up", "grade"]


def test_work_is_there_after_it(
    play: Play,
) -> None:
    """It comes before the mishap, and must pass after it."""
    typed, problems = play(_draw(solved=True))

    assert typed[1] == "(solve)"
    assert "a solved lab must pass" in problems[0]


def test_work_that_follows(
    play: Play,
) -> None:
    """Where the mishap keeps none, it comes after the verdict."""
    typed, problems = play(_draw(keeps=False, solved=True))

    assert typed[-3:] == ["grade", "(solve)", "grade"]
    assert "a solved lab must pass" in problems[-1]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Wrong("touched"), "touched"),
        (RuntimeError("docker"), "the round broke off: docker"),
        (CannotCheck("gone"), "the round broke off: gone"),
    ],
)
def test_what_a_mishap_raises(
    play: Play,
    error: Exception,
    words: str,
) -> None:
    """It ends the round, not the run."""

    @contextmanager
    def strike(_: World) -> Iterator[None]:
        raise error
        yield

    _, problems = play(_draw(strike=strike))

    assert problems == [words]


def test_a_lab_that_does_not_start(
    play: Play,
) -> None:
    """It is taken down once, and started again."""
    typed, problems = play(_draw(), start=ended("start", 3, err="no space"))

    assert typed == ["start", "down", "start"]
    assert problems == ["before the mishap: no space"]


def test_what_is_left_is_told(play: Play, world: PaperWorld) -> None:
    """A round with a paused node at its end is wrong."""
    world.states = {world.name("worker"): "paused"}

    _, problems = play(_draw())

    assert problems == [f"{world.name('worker')} is paused"]


@pytest.mark.parametrize("kind", [STEP, TIME, PAUSED])
def test_a_moment_that_never_comes(play: Play, kind: str) -> None:
    """A mishap after the command's end would show nothing."""
    draw = _draw(when=(mishap.DURING,))
    moment = Moment(kind, part=0.5 * (kind == TIME), step="no such step")

    typed, problems = play(replace(draw, moment=moment))

    assert problems == ["`up` always ended before the mishap"]
    assert typed == ["start", "grade", *["up"] * 4]


def test_a_moment_that_comes_at_the_second_try(
    play: Play, world: PaperWorld
) -> None:
    """The command was faster than usual; `lab down` needs a lab again."""
    world.programs = ["true", "sleep 0.5"]
    draw = _draw(mishap.DOWN, when=(mishap.DURING,), keeps=False, back="start")

    typed, problems = play(replace(draw, moment=Moment(TIME, part=0.01)))

    assert problems == []
    assert typed[2:] == ["down", "start", "down", "start", "grade"]


def test_work_that_the_way_back_throws_away(play: Play) -> None:
    """A command that names `lab reset` where work is kept is wrong."""
    named = ended("hint", 3, err="lab: no answer; run `lab reset`")

    _, problems = play(_draw(mishap.HINT, solved=True, back=""), hint=named)

    assert problems[0] == "`reset` throws the work away"


def test_what_fails_besides_the_fault(play: Play) -> None:
    """Something that the mishap broke is still broken."""
    breaks = load_lab("1").variant(VARIANT).breaks
    more = ended("grade", 1, graded(**{breaks: "fail", "arp": "fail"}))

    answers = [ended("grade", 1, RED), more]

    _, problems = play(_draw(mishap.GRADE), grade=answers)

    assert [it.partition(":")[0] for it in problems] == [
        "the machine's fault reads as the student's",
        "more fails",
    ]
