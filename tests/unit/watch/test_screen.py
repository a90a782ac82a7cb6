"""The screen of `lab watch`, driven by textual's own harness."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from graders.watch.commands import Command
from graders.watch.dialogs import OutputScreen, Question
from graders.watch.screen import WatchApp
from tests.watching import VIEW

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.pilot import Pilot

    from graders.watch.view import View
    from graders.watch.watcher import Watcher

    Play = Callable[[Pilot[int]], Awaitable[object]]

GOLDEN = Path(__file__).parents[2] / "golden"


def _play(
    play: Play, size: tuple[int, int] = (80, 24), view: View = VIEW
) -> WatchApp:
    """Show a view, and press keys; return the program that has ended."""
    app = WatchApp("ada")

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            app.report(view)
            await pilot.pause()
            await play(pilot)

    asyncio.run(run())
    return app


def _text(app: WatchApp) -> str:
    """Return what the screen shows."""
    width = app.size.width
    lines = [
        "".join(segment.text for segment in strip)
        for strip in app.screen._compositor.render_strips()
    ]
    assert all(len(line) <= width for line in lines)
    return "\n".join(line.rstrip() for line in lines) + "\n"


@pytest.fixture(autouse=True)
def twelve_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have twelve minutes passed since the lab was opened."""
    clock = SimpleNamespace(time=lambda: 725.0)
    monkeypatch.setattr("graders.watch.screen.time", clock)


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[Command]:
    """Return the commands that run; they print a line and end."""
    ran: list[Command] = []

    def run(self: Command, tell: Callable[[], object]) -> None:
        ran.append(self)
        self.text = "\x1b[31mhint 1 of 3\x1b[0m\n"
        self.running = False
        tell()

    monkeypatch.setattr(Command, "run", run)
    return ran


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 24)])
def test_golden(width: int, height: int) -> None:
    """It is as the golden file has it."""
    found: list[str] = []

    async def look(pilot: Pilot[int]) -> None:
        found.append(_text(cast("WatchApp", pilot.app)))

    _play(look, (width, height))

    golden = GOLDEN / f"watch-{width}.txt"
    if os.environ.get("WRITE_GOLDEN"):
        golden.write_text(found[0])
    assert found[0] == golden.read_text()


def test_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR takes the colours, and no words."""
    monkeypatch.setenv("NO_COLOR", "1")

    async def look(pilot: Pilot[int]) -> None:
        app = cast("WatchApp", pilot.app)
        text = _text(app)
        assert all(word in text for word in ("PASS", "FAIL", "----", "??"))
        assert 'fill="#00ff00"' not in app.export_screenshot()

    _play(look)


def test_tiny() -> None:
    """A screen that is far too small is no error."""

    async def look(pilot: Pilot[int]) -> None:
        await pilot.press("down", "down")

    _play(look, (12, 3))


def test_resize() -> None:
    """Lines are folded for the new width."""

    async def look(pilot: Pilot[int]) -> None:
        app = cast("WatchApp", pilot.app)
        await pilot.resize_terminal(40, 24)
        await pilot.pause()
        assert "\n PASS  web has the VIP 10.0.100.7\n" in _text(app)

    _play(look)


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("h", "lab hint"),
        ("g", "grade"),
        ("f", "grade --full"),
        ("b", "lab brief"),
    ],
)
def test_command(commands: list[Command], key: str, command: str) -> None:
    """A key runs a command and shows its output, until q."""

    async def press(pilot: Pilot[int]) -> None:
        app = cast("WatchApp", pilot.app)
        await pilot.press(key)
        await pilot.pause()
        await pilot.pause()
        text = _text(app)
        assert f"$ {command}\n" in text
        assert "hint 1 of 3" in text
        assert "\x1b" not in text
        await pilot.press("q")
        await pilot.pause()
        assert not isinstance(app.screen, OutputScreen)

    _play(press)

    assert [(one.name, one.student) for one in commands] == [(command, "ada")]


@pytest.mark.parametrize(
    ("key", "command"), [("r", "lab reset"), ("n", "lab start 4")]
)
@pytest.mark.parametrize("answer", ["y", "n", "escape"])
def test_question(
    commands: list[Command], key: str, command: str, answer: str
) -> None:
    """What ends the student's work is asked first."""

    async def press(pilot: Pilot[int]) -> None:
        await pilot.press(key)
        await pilot.pause()
        assert isinstance(pilot.app.screen, Question)
        await pilot.press(answer)
        await pilot.pause()

    _play(press)

    assert [one.name for one in commands] == [command] * (answer == "y")


def test_last_lab(commands: list[Command]) -> None:
    """After the last lab there is no next one."""

    async def press(pilot: Pilot[int]) -> None:
        await pilot.press("n")
        await pilot.pause()
        assert not isinstance(pilot.app.screen, Question)

    _play(press, view=replace(VIEW, lab="lab-99-last"))

    assert commands == []


@pytest.mark.parametrize(("key", "code"), [("q", 0), ("ctrl+c", 130)])
def test_leave(key: str, code: int) -> None:
    """Q is a normal end, Ctrl-C an interrupt."""

    async def press(pilot: Pilot[int]) -> None:
        await pilot.press(key)
        await pilot.pause()

    assert _play(press).return_value == code


def test_interrupt_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C interrupts a command that runs, and not the screen."""
    sent: list[str] = []

    def run(self: Command, tell: Callable[[], object]) -> None:
        self.text = "resetting ..."
        tell()

    monkeypatch.setattr(Command, "run", run)
    monkeypatch.setattr(Command, "interrupt", lambda it: sent.append(it.name))

    async def press(pilot: Pilot[int]) -> None:
        await pilot.press("g")
        await pilot.pause()
        await pilot.press("q")
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert isinstance(pilot.app.screen, OutputScreen)
        pilot.app.screen.command.running = False
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert not isinstance(pilot.app.screen, OutputScreen)

    _play(press)

    assert sent == ["grade"]


class FakeWatcher:
    """Reports one view, or fails."""

    def __init__(self, app: WatchApp, error: Exception | None = None) -> None:
        """Keep what to do."""
        self.app, self.error, self.ended = app, error, False

    def run(self) -> None:
        """Do it."""
        if self.error:
            raise self.error
        self.app.report(replace(VIEW, title="From a thread"))

    def end(self) -> None:
        """Note the end."""
        self.ended = True


def test_follow() -> None:
    """A watcher's views are shown, and it is ended with the screen."""
    app = WatchApp("ada")
    watcher = FakeWatcher(app)
    app.follow(cast("Watcher", watcher))

    async def run() -> None:
        async with app.run_test() as pilot:
            for _ in range(50):
                await pilot.pause(0.02)
                if app.view.title:
                    break

    asyncio.run(run())

    assert app.view.title == "From a thread"
    assert watcher.ended


def test_failure() -> None:
    """A fault in the watcher ends the program, and is kept."""
    app = WatchApp("ada")
    error = RuntimeError("a fault")
    app.follow(cast("Watcher", FakeWatcher(app, error)))

    async def run() -> None:
        async with app.run_test() as pilot:
            await pilot.pause(0.2)

    asyncio.run(run())

    assert app.failure is error


def test_parent_gone() -> None:
    """It leaves when the file that its parent holds is at its end."""
    alive, parent = os.pipe()
    app = WatchApp("ada", alive)

    async def run() -> None:
        async with app.run_test() as pilot:
            os.close(parent)
            await pilot.pause(0.2)

    asyncio.run(run())
    os.close(alive)

    assert app.return_value == 130
