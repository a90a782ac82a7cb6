"""After the pass a student reads what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.cli.debrief import show_debrief
from graders.course.lab import load_lab
from graders.grading.progress import record
from graders.plan.plan import make_plan
from graders.state.lab_state import State

if TYPE_CHECKING:
    from tests.authoring import LabCopy

STATE = State("lab-1-pending-service", "pool-exhausted", "ab", 3, hints=1)


pytestmark = pytest.mark.usefixtures("base")


def test_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """Fault, commands, repairs, effort, and what is next, in 80 columns."""
    run, _ = record("demo", STATE, solved=True)

    show_debrief(make_plan(), load_lab("1"), STATE, run)

    text = capsys.readouterr().out
    lines = text.splitlines()
    assert lines[1] == (
        "What it was   Every address of the pool has an owner already."
        " Layer: allocation."
    )
    assert lines[2] == "Found by      k describe svc web"
    assert "Also right    - A second pool next to the first: The full" in text
    assert "Wrong turns   - Make room by deleting billing: The pool" in text
    assert "You           0 minutes, 3 attempts, 1 hint." in text
    assert "Next          make lab-2, Layer 2 Pool" in text
    commands = [line for line in lines if "-o jsonpath" in line]
    assert max(map(len, set(lines) - set(commands))) <= 80


def test_many_wrong_turns(capsys: pytest.CaptureFixture[str]) -> None:
    """Three of them are shown, and where the others are."""
    state = State("lab-0-hands-on", "start", "ab", 1, gave_up=True)
    run, _ = record("demo", state, solved=True)

    show_debrief(make_plan(), load_lab("0"), state, run)

    text = capsys.readouterr().out
    assert text.count("\n              - ") == 3
    assert "- 3 more: lab solution" in text
    assert "1 attempt, 0 hints, after the solution was shown." in text


def test_where_a_command_is_typed(capsys: pytest.CaptureFixture[str]) -> None:
    """The machine is named if it is not the kit's shell."""
    state = State("lab-3-bgp-ecmp", "router-policy", "ab", 1)

    show_debrief(make_plan(), load_lab("3"), state)

    text = capsys.readouterr().out
    assert "show ip prefix-list services   (on router, in vtysh)" in text
    assert "\nYou " not in text


def test_a_mistake_of_an_author(
    lab_copy: LabCopy, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said, and the verdict stays."""
    lab_copy.edit("solutions/no-endpoints.md", "found-by", "found")
    state = State("lab-2-layer-2", "no-endpoints", "ab", 1)

    show_debrief(make_plan(), lab_copy.lab(), state)

    printed = capsys.readouterr()
    assert not printed.out
    assert printed.err.startswith("lab: no debrief: ")
