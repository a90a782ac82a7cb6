"""Judging follows changes, and nearly stops while nothing happens."""

from __future__ import annotations

from graders.watch.pace import LEAST_S, REPAIR_S, REST_S, RESTLESS_S, Pace


def test_first() -> None:
    """It is due at once."""
    assert Pace().due() < 0


def test_rest() -> None:
    """Without a change, it is a minute until the next time."""
    pace = Pace()

    pace.begin(100)

    assert pace.due() == 100 + REST_S


def test_change() -> None:
    """A change is judged at once, but not twice in two seconds."""
    pace = Pace()
    pace.begin(100)

    pace.change(101)

    assert pace.due() == 100 + LEAST_S


def test_effects() -> None:
    """After a change it goes on for the time that effects may take."""
    pace = Pace()
    pace.change(100)

    pace.begin(104)
    assert pace.due() == 104 + LEAST_S
    pace.begin(100 + RESTLESS_S)
    assert pace.due() == 100 + RESTLESS_S + REST_S


def test_broken() -> None:
    """What cannot be checked is tried again soon."""
    pace = Pace()

    pace.begin(100)

    assert pace.due(broken=True) == 100 + REPAIR_S
