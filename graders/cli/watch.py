"""`lab watch`."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from graders.cli.common import INTERRUPTED, Student, command_context
from graders.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from graders.watch.view import View
    from graders.watch.watcher import Watcher

# Seconds that a check waits at most: it is repeated after each change.
_PATIENCE_S: Final = 1.0


def watch(
    plain: Annotated[
        bool,
        typer.Option(
            "--plain", help="Print changes as lines, without a screen."
        ),
    ] = False,
    student: Student = "demo",
) -> None:
    """Show the running lab live: each layer, what is wrong and what shows it.

    It only looks, and gives no points: `grade` does.
    """
    with command_context("lab watch", student):
        if plain:
            _print_changes(student)
        _require_terminal()
        from graders.watch.guardian import guarded

        sys.exit(guarded(partial(_show_screen, student)))


def _print_changes(student: str) -> NoReturn:
    """Print changes until Ctrl-C."""
    from graders.watch.plain import PlainReport

    try:
        _watcher(student, PlainReport(typer.echo)).run()
    except KeyboardInterrupt:
        _end(INTERRUPTED)
    _end(0)


def _show_screen(student: str, parent: int) -> int:
    """Show the screen until it is left; return the exit code."""
    from graders.watch.screen import WatchApp

    with command_context("lab watch", student):
        app = WatchApp(student, parent)
        app.follow(_watcher(student, app.report))
        # Without the mouse, a terminal's own selection copies commands.
        code = app.run(mouse=False)
        _close_shells()
        if app.failure:
            raise app.failure
        return app.return_code or 0 if code is None else code


def _watcher(student: str, report: Callable[[View], object]) -> Watcher:
    from graders.cli.running_lab import open_running_lab
    from graders.polling import Patience
    from graders.watch.watcher import Watcher

    Patience.limit = _PATIENCE_S
    return Watcher(student, partial(open_running_lab, student), report)


def _require_terminal() -> None:
    """Raise UsageError if there is no terminal that has a screen."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if not is_terminal or os.environ.get("TERM", "dumb") == "dumb":
        raise UsageError(
            "lab watch needs a terminal, and this is none",
            remedy="`lab watch --plain` prints changes as lines",
        )


def _end(code: int) -> NoReturn:
    """End at once: checks that still wait for an answer hold up nothing."""
    _close_shells()
    sys.stdout.flush()
    os._exit(code)


def _close_shells() -> None:
    from graders.providers import shell_pool

    shell_pool.close_all()
