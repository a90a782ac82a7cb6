"""What a stranger's commands can do to a replay: cost their own time."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from graders.classroom.replay import LONGEST_LINE, Limits, Replay, Replayed
from graders.course.walkthrough import typed_blocks
from graders.errors import CannotCheck
from graders.proof import typist
from graders.proof.typist import ShellSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

QUICK = Limits(command=2, whole=30)
Play = "Callable[..., Replayed]"


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., Replayed]:
    """Return what types a text at bash, in a folder of this test."""
    shell = ShellSpec(
        ("bash", "--norc", "-i"), {"PATH": os.environ["PATH"]}, tmp_path
    )

    def run(text: str, limits: Limits = QUICK, **more: object) -> Replayed:
        blocks = typed_blocks(text, "typed.md")
        return Replay(lambda _: shell, limits, **more).play(blocks)  # type: ignore[arg-type]

    return run


def fenced(*lines: str) -> str:
    """Return a block of lines to type."""
    return "\n".join(["```shell", *lines, "```", ""])


def test_a_typo_stops_nothing(
    play: Callable[..., Replayed], tmp_path: Path
) -> None:
    """A recorded session has commands in it that failed."""
    done = play(fenced("kubctl get pods", "touch reached"))

    assert done == Replayed(commands=2, failed=1)
    assert (tmp_path / "reached").exists()


def test_names_in_braces_are_typed_as_they_are(
    play: Callable[..., Replayed], tmp_path: Path
) -> None:
    """No template of a stranger's is rendered: that would run code here."""
    play(fenced("echo '{{ cycler.__init__ }}' > said"))

    assert (tmp_path / "said").read_text() == "{{ cycler.__init__ }}\n"


@pytest.mark.slow
def test_a_command_without_an_end_gets_ctrl_c(
    play: Callable[..., Replayed], tmp_path: Path
) -> None:
    """What comes after it is typed all the same, at the same shell."""
    done = play(fenced("NAME=kept", "sleep 600", 'touch "$NAME"'))

    assert done.commands == 3
    assert not done.stopped
    assert "no prompt within 2 s" in done.problems[0]
    assert (tmp_path / "kept").exists()


@pytest.mark.slow
def test_a_command_that_ignores_ctrl_c_costs_its_shell(
    play: Callable[..., Replayed],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The place is opened again for what comes next."""
    monkeypatch.setattr(typist, "_INTERRUPT_TIMEOUT_S", 1)
    stubborn = "bash -c 'trap \"\" INT; while :; do sleep 1; done'"

    done = play(fenced(stubborn, "touch reached"))

    assert not done.stopped
    assert (tmp_path / "reached").exists()


def test_exit_opens_the_place_again(
    play: Callable[..., Replayed], tmp_path: Path
) -> None:
    """Several sessions of a student are one text."""
    done = play(fenced("exit", "touch reached"))

    assert "the shell ended" in done.problems[0]
    assert (tmp_path / "reached").exists()


@pytest.mark.slow
def test_a_flood_is_read_up_to_a_limit(
    play: Callable[..., Replayed],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What never stops writing fills no memory here."""
    monkeypatch.setattr(typist, "OUTPUT_LIMIT", 100_000)

    done = play(fenced("yes", "touch reached"))

    assert "it wrote more than" in done.problems[0]
    assert (tmp_path / "reached").exists()


@pytest.mark.slow
def test_all_commands_together_have_a_limit(
    play: Callable[..., Replayed],
) -> None:
    """A thousand short waits are one long one."""
    begun = time.monotonic()

    done = play(fenced(*["sleep 1"] * 60), Limits(command=5, whole=2))

    assert done.stopped == "it took longer than 2 s"
    assert time.monotonic() - begun < 10


def test_an_alarm_stops_it(play: Callable[..., Replayed]) -> None:
    """A full disk is no reason to go on."""
    done = play(fenced("true", "true"), halted=lambda: "the disk is full")

    assert done.stopped == "the disk is full"
    assert not done.commands


def test_an_open_quote_costs_its_block(
    play: Callable[..., Replayed], tmp_path: Path
) -> None:
    """The next block is typed at a prompt, not inside the quote."""
    done = play(fenced("echo 'open", "more") + fenced("touch reached"))

    assert "ends inside a command" in done.problems[0]
    assert (tmp_path / "reached").exists()


def test_a_line_that_no_terminal_takes(
    play: Callable[..., Replayed],
) -> None:
    """It would be cut without a word, so nothing is typed."""
    done = play(fenced("true", "echo " + "x" * LONGEST_LINE))

    assert done.stopped.startswith("line 3 has more than 4000 bytes")
    assert not done.commands


def test_a_place_that_does_not_open() -> None:
    """The fault is the place's, and the replay says so."""

    def nowhere(_: str) -> ShellSpec:
        raise CannotCheck("no such container")

    blocks = typed_blocks(fenced("true"), "typed.md")

    assert Replay(nowhere, QUICK).play(blocks).stopped == "no such container"
