"""Each kind of mishap is sound, and its code runs, on paper."""

from __future__ import annotations

import signal
import subprocess
from random import Random
from typing import TYPE_CHECKING, Final

import pytest

from graders.state import lab_state
from tests.chaos import mishap
from tests.chaos.mishap import ENGINE, MISHAPS, ROOT, Mishap, Wrong
from tests.chaos.mishaps import engine
from tests.chaos.world import LIMITS_S, Running
from tests.paper_world import ended

if TYPE_CHECKING:
    from tests.chaos.world import Ended
    from tests.paper_world import PaperWorld

# The least number of kinds that a run is worth something with.
LEAST: Final = 25
# They change mounts or the engine of the machine.
_REAL: Final = {ROOT, ENGINE}
PLAYED: Final = [
    one for one in MISHAPS.values() if not _REAL.intersection(one.needs)
]


def test_there_are_kinds_enough() -> None:
    """Also among those that take seconds only."""
    assert len(MISHAPS) >= LEAST
    assert len([one for one in MISHAPS.values() if one.cheap]) >= LEAST


def test_kinds_are_sound() -> None:
    """Their fields have values that there are."""
    for one in MISHAPS.values():
        _check(one)


def _check(one: Mishap) -> None:
    assert one.about
    assert set(one.commands) <= set(LIMITS_S)
    assert one.back in {"", mishap.UP, mishap.START, mishap.RESET}
    assert set(one.when) <= {mishap.BEFORE, mishap.DURING}
    assert one.when
    assert set(one.needs) <= _REAL
    assert set(one.labs) <= set(mishap.LABS)
    # Nothing that takes minutes is part of the short form.
    assert not (one.cheap and mishap.DOWN in one.commands) or (
        one.kind == "no-engine"
    )


def test_sentences_differ() -> None:
    """They are a column of the docs."""
    assert len({one.about for one in MISHAPS.values()}) == len(MISHAPS)


def test_a_kind_comes_once() -> None:
    """A second one of its name would replace it."""
    with pytest.raises(AssertionError, match="kill-9 must come once"):
        mishap.mishap("kill-9")(lambda _: iter([None]))


@pytest.mark.parametrize("one", PLAYED, ids=lambda one: one.kind)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_kind_runs_on_paper(
    one: Mishap, seed: int, world: PaperWorld
) -> None:
    """Whatever it chooses; it is noticed where it should be."""
    before = dict(world.environment), world.umask
    files = sorted(world.state.rglob("*"))
    world.random = Random(seed)
    world.answers = {
        mishap.GRADE: ended(mishap.GRADE, 3),
        mishap.UP: ended(mishap.UP, 0),
    }
    if mishap.DURING in one.when:
        world.running = world.begin(one.commands[0])
        world.running.process.wait()

    try:
        with one.strike(world):
            after = dict(world.environment), world.umask
            changed = before != after or files != sorted(
                world.state.rglob("*")
            )
    except Wrong:
        # A docker that only notes cannot show what is left alone.
        changed = True

    assert (
        changed
        or world.calls
        or len(world.typed) > 1
        or world.running
        or one.kind in _CONTENTS
    )


# They change what is in files that are there.
_CONTENTS: Final = (
    *("kubeconfig-empty", "kubeconfig-damaged", "old-kubeconfig"),
    *("state-empty", "state-damaged", "state-of-other-release"),
    *("start-state-lost", "other-context", "kubeconfig-folder"),
    *("other-student", "odd-umask"),
)


def test_signals_reach_the_command(world: PaperWorld) -> None:
    """Alone, or with all of its group."""
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    world.running = Running(mishap.UP, process, world.folder / "out")

    with MISHAPS["ctrl-c"].strike(world):
        assert process.wait(10) == -signal.SIGINT


def test_a_command_that_goes_ahead_beside_another_is_wrong(
    world: PaperWorld,
) -> None:
    """The second one must be refused, and say who holds the lab."""
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    world.running = Running(mishap.UP, process, world.folder / "out")
    both = MISHAPS["two-at-once"]
    try:
        with pytest.raises(Wrong, match="went ahead"), both.strike(world):
            pass
        refused: dict[str, Ended | list[Ended]] = {
            it: ended(it, 3, err="another command holds the lab: `lab up`")
            for it in LIMITS_S
        }
        world.answers = refused
        with both.strike(world):
            pass
        world.answers = {it: ended(it, 3) for it in LIMITS_S}
        with pytest.raises(Wrong, match="does not say"), both.strike(world):
            pass
    finally:
        process.kill()
        process.wait()


def test_a_foreign_container_that_is_started_is_wrong(
    world: PaperWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is removed all the same."""
    shown = iter(["net", "image", "", "id created", "id running", ""])
    calls: list[tuple[str, ...]] = []

    def docker(*argv: str, check: bool = True) -> str:
        del check
        calls.append(argv)
        return next(shown)

    monkeypatch.setattr(world, "docker", docker)
    foreign = MISHAPS["foreign-container"]
    with (
        pytest.raises(Wrong, match="was id created, and is id running"),
        foreign.strike(world),
    ):
        pass
    assert calls[-1][:2] == ("rm", "--force")


def test_files_of_the_state_have_these_names(world: PaperWorld) -> None:
    """A damaged file is one that the kit reads."""
    with MISHAPS["state-empty"].strike(world):
        assert (world.state / "lab" / lab_state._STATE).read_bytes() == b""
    with MISHAPS["changing-empty"].strike(world):
        changing = world.state / "lab" / lab_state._CHANGING
        assert changing.read_bytes() == b""


def test_only_the_kits_engine_is_touched(
    monkeypatch: pytest.MonkeyPatch, world: PaperWorld
) -> None:
    """A number that is no dockerd is none."""
    file = world.folder / "engine.pid"
    monkeypatch.setattr(engine, "PID_FILE", file)
    assert engine.engine_pid() is None
    file.write_text("1\n", encoding="ascii")
    assert engine.engine_pid() is None
