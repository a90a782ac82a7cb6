"""A student may send as much as a person does, and not more."""

from __future__ import annotations

from graders.classroom.board.limits import BURST, MOST_KEPT, Allowance


def test_burst() -> None:
    """A flood is refused, and after a while a few are accepted again."""
    allowance = Allowance()

    assert not allowance.refusal(BURST, now=100)
    allowance.charge(BURST)
    assert "at once" in allowance.refusal(1, now=100)
    assert not allowance.refusal(5, now=105)
    assert allowance.refusal(6, now=105)


def test_clock_set_back() -> None:
    """It gives nothing, and takes nothing away."""
    allowance = Allowance()
    allowance.refusal(1, now=1000)
    allowance.charge(BURST - 1)

    assert not allowance.refusal(1, now=10)
    assert allowance.refusal(2, now=10)


def test_kept() -> None:
    """No student fills the disk."""
    assert "keeps" in Allowance(kept=MOST_KEPT).refusal(1, now=1)
