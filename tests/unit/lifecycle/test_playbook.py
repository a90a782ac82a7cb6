"""What playbooks show and log of what machines wrote."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from graders.console import Terminal
from graders.lifecycle.playbook import _problem, _Progress

if TYPE_CHECKING:
    from pathlib import Path

CLEAR = "\x1b[2J"
HUGE = "x" * 1_000_000


def _after(folder: Path, *events: dict[str, Any]) -> tuple[_Progress, str]:
    """Return the progress after these events, and all that was shown."""
    file = io.StringIO()
    progress = _Progress(Terminal(file=file), folder / "log")
    shown: list[str] = []
    progress.show = shown.append
    for event in events:
        progress.started = 0
        assert progress(event)
    return progress, file.getvalue() + "".join(shown)


def _failed(**result: object) -> dict[str, Any]:
    data = {"task": "Make it", "res": result}
    return {"event": "runner_on_failed", "event_data": data}


@pytest.mark.parametrize(
    "result",
    [
        {"stderr": f"bad{CLEAR}\n\n{HUGE}"},
        {"stdout": [CLEAR, "bad"]},
        {"msg": f"bad{CLEAR}{HUGE}"},
        {"msg": {"bad": CLEAR}},
    ],
)
def test_a_failure_is_words(tmp_path: Path, result: dict[str, Any]) -> None:
    """Whatever a machine wrote, the error is some lines without escapes."""
    progress, _ = _after(tmp_path, _failed(**result))

    text = str(_problem("up", progress))

    assert "Make it: " in text
    assert "bad" in text
    assert text.isprintable()
    assert len(text) < 3000


def test_tasks_and_log(tmp_path: Path) -> None:
    """Neither the name of a task nor the log acts upon a terminal."""
    start = {
        "event": "playbook_on_task_start",
        "event_data": {"name": f"Look at {CLEAR}", "role": "lab"},
        "stdout": f"TASK\n\t{CLEAR}",
    }

    _, shown = _after(tmp_path, start, start)

    assert "lab: Look at " in shown
    assert CLEAR not in shown
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert log == "TASK\n\t\\x1b[2J\n" * 2
