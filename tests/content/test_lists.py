"""The lists of labs and of wrong repairs are those of the labs."""

from __future__ import annotations

from graders.course.listings import outdated


def test_lists_are_up_to_date() -> None:
    """`scripts/update-lists` updates those that are not."""
    assert outdated() == {}, "run .venv/bin/python scripts/update-lists"
