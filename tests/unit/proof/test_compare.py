"""Verdicts of two checkers are counted and kept."""

from __future__ import annotations

import json
from pathlib import Path

from graders.course.solutions import Repairs, WrongRepair
from graders.proof.compare import (
    KIT,
    USUAL,
    Verdict,
    save_verdicts,
    steps,
    to_measures,
)


def _verdict(
    checker: str,
    *,
    solved: bool,
    passed: bool | None,
    variant: str = "gone",
) -> Verdict:
    return Verdict(
        "lab-1-pending", variant, "a.md", checker, solved, passed, 2.5
    )


def test_states_of_a_variant() -> None:
    """Only the solution and other right repairs solve it."""
    repairs = Repairs(
        Path("a.md"),
        (WrongRepair(Path("wrong/w.md"), ("vip",)),),
        (Path("other/o.md"),),
    )

    assert [(step.name, step.solved) for step in steps(repairs)] == [
        ("as shipped", False),
        ("wrong/w.md", False),
        ("a.md", True),
        ("other/o.md", True),
    ]


def test_what_is_wrong() -> None:
    """A broken lab that passed, a solved one that did not, no verdict."""
    assert not _verdict(KIT, solved=True, passed=True).wrong
    assert not _verdict(KIT, solved=False, passed=False).wrong
    assert _verdict(KIT, solved=False, passed=True).wrong
    assert _verdict(KIT, solved=True, passed=False).wrong
    assert _verdict(KIT, solved=True, passed=None).wrong
    assert _verdict(KIT, solved=False, passed=None).wrong


def test_rows_of_a_lab() -> None:
    """Each checker has its seconds and its wrong verdicts."""
    verdicts = [
        _verdict(USUAL, solved=False, passed=True),
        _verdict(USUAL, solved=True, passed=True),
        _verdict(KIT, solved=False, passed=False),
    ]

    rows = {it.name: it for it in to_measures(verdicts, "lab-1")}

    assert rows["usual checker: grade, lab-1"].values == [2.5, 2.5]
    assert rows["usual checker: wrong verdicts, lab-1"].values == [1]
    assert rows["usual checker: wrong verdicts, lab-1"].unit == "of 2"
    assert rows["kit, in the same run: wrong verdicts, lab-1"].values == [0]
    assert not any(it.values for it in to_measures(verdicts, "lab-2"))


def test_raw_rows_are_kept(tmp_path: Path) -> None:
    """A run replaces the rows of the variants that it measured."""
    file = tmp_path / "compare.json"
    save_verdicts([_verdict(KIT, solved=True, passed=True)], file)
    other = _verdict(KIT, solved=True, passed=True, variant="other")
    save_verdicts([other], file)
    save_verdicts([_verdict(USUAL, solved=True, passed=False)], file)

    rows = json.loads(file.read_text(encoding="utf-8"))
    assert [(row["variant"], row["checker"]) for row in rows] == [
        ("gone", USUAL),
        ("other", KIT),
    ]
