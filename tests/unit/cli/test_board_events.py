"""Commands tell the board if they were told to, and never fail by it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from graders.classroom.board import sender
from graders.classroom.board.sender import Outcome
from graders.cli.board_events import tell_grade, tell_hint, tell_start
from graders.errors import UsageError
from graders.grading.result import Heading, summarise
from graders.state.lab_state import State

if TYPE_CHECKING:
    from collections.abc import Callable

STATE = State("lab-3-bgp-ecmp", "peer-port", "abc", attempts=4, hints=2)
RESULT = summarise(
    Heading(lab=STATE.lab, title="BGP", student="ada", attempt=4), [], 1.0
)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return what the board is told."""
    found: list[dict[str, Any]] = []

    def tell(student: str, kind: str, **fields: Any) -> Outcome:  # noqa: ANN401 - any JSON
        found.append({"student": student, "event": kind, **fields})
        return Outcome("sent")

    monkeypatch.setenv("CLASS_URL", "http://127.0.0.1:1")
    monkeypatch.setattr(sender, "tell", tell)
    return found


def test_what_is_told(
    told: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """The fault is not in it, and nothing is printed."""
    tell_start("ada", STATE)
    tell_hint("ada", STATE)
    tell_grade("ada", STATE, RESULT)

    lab = {"student": "ada", "lab": STATE.lab, "run": "abc"}
    assert told[:2] == [
        {"event": "start", **lab},
        {"event": "hint", "hints": 2, **lab},
    ]
    assert told[2] == {
        "event": "grade",
        "attempt": 4,
        "hints": 0,
        "solved": True,
        "points": 0,
        "total": 0,
        "layer": "",
        **lab,
    }
    assert "peer-port" not in str(told)
    assert capsys.readouterr() == ("", "")


def test_nothing_unless_it_was_asked_for(
    told: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without CLASS_URL, or with an empty one."""
    monkeypatch.setenv("CLASS_URL", "")
    tell_grade("ada", STATE, RESULT)
    monkeypatch.delenv("CLASS_URL")
    tell_grade("ada", STATE, RESULT)

    assert told == []


def _coming_to(end: Any) -> Callable[..., Outcome]:  # noqa: ANN401 - an outcome or an error
    def tell(*_: object, **__: object) -> Outcome:
        if isinstance(end, BaseException):
            raise end
        assert isinstance(end, Outcome)
        return end

    return tell


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (UsageError("no ticket"), "was told nothing: no ticket"),
        (ZeroDivisionError("x"), "was told nothing: ZeroDivisionError: x"),
        (KeyboardInterrupt(), ""),
        (Outcome("refused", "old"), "refused it: old"),
        (Outcome("waiting", "slow"), "with the next command's: slow"),
    ],
)
def test_a_command_never_fails_by_it(
    outcome: Any,  # noqa: ANN401 - an outcome or an error
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever happens is one line on standard error at most."""
    monkeypatch.setenv("CLASS_URL", "http://127.0.0.1:1")
    monkeypatch.setattr(sender, "tell", _coming_to(outcome))
    tell_grade("ada", STATE, RESULT)

    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == bool(said)


def test_commands_are_as_quick_as_without_a_class() -> None:
    """Without CLASS_URL, nothing of a class is loaded."""
    script = (
        "import os, sys; os.environ.pop('CLASS_URL', None)\n"
        "from graders.cli.board_events import tell_start\n"
        "tell_start('ada', None)\n"
        "print(*sys.modules, sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = done.stdout.split()
    assert not [name for name in loaded if "classroom" in name]
    assert "cryptography" not in loaded
