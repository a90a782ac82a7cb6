"""A run is kept, and shown in the docs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos import published
from tests.chaos.mishap import MISHAPS
from tests.chaos.published import BEGIN, END, Row, Run

if TYPE_CHECKING:
    from pathlib import Path


def _row(kind: str, seconds: float, *problems: str) -> Row:
    about = ("1", "no-pool", "up", "before it", "up")
    return Row(1, kind, *about, False, seconds, list(problems))  # noqa: FBT003 - a field of many


def _run(*rows: Row) -> Run:
    return Run("2026-11-30", "2 cores", "abc", 7, list(rows))


def test_the_page_is_of_the_published_run() -> None:
    """Its table has not been edited, nor is it older than the rows."""
    text = published.PAGE.read_text(encoding="utf-8")

    assert published.with_table(text, published.load()) == text


def test_a_run_is_kept(tmp_path: Path) -> None:
    """It comes back as it was."""
    run = _run(_row("kill-9", 3), _row("kill-9", 5, "a lock is left"))
    file, page = tmp_path / "chaos.json", tmp_path / "chaos.md"
    page.write_text(f"# Chaos\n\n{BEGIN}\nold\n{END}\n", encoding="utf-8")

    published.publish(run, file, page)

    assert published.load(file) == run
    assert run.right == 1
    shown = page.read_text(encoding="utf-8")
    assert "1 of 2 rounds were right on 2026-11-30" in shown
    assert f"| kill-9 | {MISHAPS['kill-9'].about} | 2 | 1 | 4 s | 5 s |" in (
        shown
    )
    assert "old" not in shown
    assert published.load(tmp_path / "none.json") is None


def test_a_page_without_marks_is_told() -> None:
    """Else the table would be nowhere."""
    with pytest.raises(ValueError, match="must have"):
        published.with_table("# Chaos", None)


def test_a_new_run_is_of_here() -> None:
    """Date, machine and commit."""
    run = published.new_run(7)

    assert run.commit
    assert "cores" in run.machine
    assert run.rows == []
