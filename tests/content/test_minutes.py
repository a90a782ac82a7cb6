"""Texts about the course have the minutes of lab.yml."""

from __future__ import annotations

import pytest

from graders.course.overview import overviews
from graders.settings import ROOT

MINUTES = [lab.minutes for lab in overviews()]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("class.md", f"| {MINUTES[0]} | lab 0 together"),
        ("class.md", f"| {min(MINUTES[1:])} to {max(MINUTES[1:])} a lab |"),
        ("index.md", f"{min(MINUTES)} to {max(MINUTES)} minutes each"),
        ("module/review.md", f"| {MINUTES[1]} minutes | [Lab 1]"),
    ],
)
def test_minutes(page: str, text: str) -> None:
    """A page that was written without a list says the same."""
    assert text in (ROOT / "docs" / page).read_text()


def test_an_hour() -> None:
    """It is enough for what the course suggests for an hour."""
    assert MINUTES[0] + MINUTES[1] <= 60
    assert MINUTES[1] + MINUTES[2] <= 60
