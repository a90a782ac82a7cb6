"""`lab brief` is paged on a terminal, `lab start` shows one screen of it."""

from __future__ import annotations

import pydoc

import pytest

from graders.cli.brief import show_brief, show_first_screen
from graders.course.lab import load_lab
from graders.plan.plan import make_plan

CONTENTS = "addresses, limits and why, how it is graded"


@pytest.mark.parametrize("paged", [True, False])
def test_paged(
    paged: bool,  # noqa: FBT001 - a parameter of pytest
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The pager gets all of it, or a pipe does."""
    pages: list[str] = []
    monkeypatch.setattr(pydoc, "pager", lambda text, *_: pages.append(text))

    show_brief(make_plan(), load_lab("1"), paged=paged)

    printed = capsys.readouterr().out
    text = pages[0] if paged else printed
    assert "What must stay as it is" in text
    assert bool(pages) is paged
    assert bool(printed) is not paged


def test_first_screen(capsys: pytest.CaptureFixture[str]) -> None:
    """Story, task, limits, three commands, and where the rest is."""
    show_first_screen(make_plan("ada"), load_lab("1"))

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Lab 1: Pending Service ")
    assert lines[0].endswith(" student ada, 20 minutes")
    assert len(lines) < 24
    assert lines[-5:-1] == [
        "Begin with    .venv/bin/lab shell",
        "              k get svc -A",
        "              k describe svc web",
        f"Read on       .venv/bin/lab brief: {CONTENTS}",
    ]
    assert ".venv/bin/grade" in lines[-1]
