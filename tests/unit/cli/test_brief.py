"""`lab brief` is paged on a terminal."""

from __future__ import annotations

import pydoc

import pytest

from graders.cli.brief import show_brief
from graders.course.lab import load_lab
from graders.plan.plan import make_plan


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
